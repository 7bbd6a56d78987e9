#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// One object as it was written.
struct YamlDocument {
    nlohmann::json object;
    int line = 1;  ///< where it begins, from 1
};

/// The documents of a text between lines of `---`, as kubectl reads them: plain scalars by the rules of YAML 1.1 that
/// Go's reader has ("yes" is a truth, 0644 is octal). InvalidArgument, with the line, for malformed ones, for too much,
/// and for anything that is no object.
Result<std::vector<YamlDocument>> readYamlDocuments(const std::string& text);

}  // namespace klaw::operate
