#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace klaw::rules {

/// A rule file's name and lines, for places in messages.
struct SourceFile {
    SourceFile(std::string fileName, std::string_view text);
    std::string_view line(int number) const;  ///< 1-based; "" beyond the end

    std::string name;
    std::vector<std::string> lines;
};

/// A position in a file; line and column count from 1. Columns count bytes, as editors' "go to" mostly does for YAML.
struct Place {
    std::shared_ptr<const SourceFile> file;
    int line = 1;
    int column = 1;
    std::string describe() const;  ///< "file:line:column"
};

/// A scalar and where it stands.
struct Text {
    std::string value;
    Place at;
    /// Where a line and column (1-based) of the value stand in the file.
    Place inside(int line, int column) const;
};

}  // namespace klaw::rules
