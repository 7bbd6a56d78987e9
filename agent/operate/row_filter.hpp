#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/operate/output.hpp"
#include "base/result.hpp"

namespace klaw::operate {

/// `--grep` of lists: leaves the rows of which a cell, as people see it, matches the expression, whatever the case.
/// `STATUS=Pending` looks in the column of that heading only. InvalidArgument for what is no expression.
Result<void> keepMatching(Table& table, std::string_view pattern);

/// The states that rows have, the most frequent first, with how many have it; empty where there is no such column, or
/// where all rows are in one state.
std::vector<std::pair<std::string, std::size_t>> statesOf(const Table& table);

/// The value of `--grep` that keeps the rows of one state.
std::string patternOfState(const Table& table, std::string_view state);

}  // namespace klaw::operate
