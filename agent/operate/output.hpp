#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/alert.hpp"

namespace klaw::operate {

struct Table {
    std::vector<rules::LocalizedText> columns;  ///< the English headings are the names in JSON
    std::vector<std::vector<std::string>> rows;
};

/// What a verb answers: text, and the same as a table where it is one.
struct Output {
    std::string text;
    std::optional<Table> table;
    std::string after;  ///< what stands below the table

    Output(std::string plain = {}) : text(std::move(plain)) {}
    Output(const char* plain) : text(plain) {}
    /// Everything is masked for secrets.
    Output(Table rows, std::string_view language, std::string below = {});
};

/// A table for a phone, where columns have no room: of each row what it is about, with its state, and on a second line
/// everything else, "node n1 · restarts 5 · age 2d". Masked for secrets.
std::vector<std::string> rowLines(const Table& table, std::string_view language);

/// One object: the rows of a table as objects under "rows", else the "text".
std::string toJson(const Output& output);

struct Page {
    std::size_t number = 1;
    std::size_t of = 1;
};
/// Leaves `size` rows of a table or lines of a text in `output`: those of a page from 1; the last one for a number
/// beyond it. A text has pages of four times as many lines.
Page cutToPage(Output& output, std::size_t number, std::size_t size, std::string_view language);

}  // namespace klaw::operate
