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
    std::string after;                                         ///< what stands below the table
    std::vector<std::pair<std::string, std::string>> choices;  ///< label and command of what can be done next

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
/// What fits on one page.
struct PageSize {
    std::size_t rows = 0;   ///< of a table; a text has four times as many lines
    std::size_t bytes = 0;  ///< as platforms write them, where punctuation needs more than one
};
/// Leaves the rows of a table or the lines of a text in `output` that stand on a page, from 1; those of the last one
/// for a number beyond it. Each stands on one page, alone where it is longer than a page.
Page cutToPage(Output& output, std::size_t number, PageSize size, std::string_view language);

}  // namespace klaw::operate
