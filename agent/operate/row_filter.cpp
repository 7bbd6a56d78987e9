#include "agent/operate/row_filter.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text/secrets.hpp"

namespace klaw::operate {
namespace {

bool isSame(std::string_view a, std::string_view b) {
    auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::size_t> columnNamed(const Table& table, std::string_view heading) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (isSame(table.columns[i].en, heading) || isSame(table.columns[i].zh, heading)) return i;
    return std::nullopt;
}

std::optional<std::size_t> stateColumn(const Table& table) {
    auto status = columnNamed(table, "STATUS");
    return status ? status : columnNamed(table, "STATE");
}

}  // namespace

Result<void> keepMatching(Table& table, std::string_view pattern) {
    auto equals = pattern.find('=');
    std::optional<std::size_t> only;
    if (equals != pattern.npos) only = columnNamed(table, pattern.substr(0, equals));
    if (only) pattern.remove_prefix(equals + 1);
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(false);
    RE2 expression(pattern, options);
    if (!expression.ok())
        return fail(ErrorCode::InvalidArgument, "--grep: " + expression.error(), {},
                    "put a backslash before characters with a meaning");
    // What is masked cannot be searched for either.
    auto matches = [&](const std::string& cell) {
        return RE2::PartialMatch(cell, expression) && RE2::PartialMatch(maskSecrets(cell), expression);
    };
    std::erase_if(table.rows, [&](const std::vector<std::string>& row) {
        if (!only) return std::ranges::none_of(row, matches);
        return *only >= row.size() || !matches(row[*only]);
    });
    return {};
}

std::vector<std::pair<std::string, std::size_t>> statesOf(const Table& table) {
    auto column = stateColumn(table);
    std::map<std::string, std::size_t> counts;
    for (const auto& row : table.rows)
        if (column && *column < row.size() && !row[*column].empty()) ++counts[row[*column]];
    if (counts.size() < 2) return {};
    std::vector<std::pair<std::string, std::size_t>> states(counts.begin(), counts.end());
    std::ranges::sort(states, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    return states;
}

std::string patternOfState(const Table& table, std::string_view state) {
    auto column = stateColumn(table);
    return (column ? table.columns[*column].en + "=" : std::string()) + "^" + RE2::QuoteMeta(state) + "$";
}

}  // namespace klaw::operate
