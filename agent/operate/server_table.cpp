#include "agent/operate/server_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

std::string textOf(const Json& cell) {
    if (cell.is_string()) return cell.get<std::string>();
    return cell.is_null() ? std::string() : cell.dump();
}

const Json& at(const Json& json, const char* name) {
    static const Json none;
    auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() ? *found : none;
}

}  // namespace

bool looksBad(const Table& table, const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
        const auto& heading = table.columns[i].en;
        const auto& cell = row[i];
        auto slash = cell.find('/');
        if (heading == "READY" && slash != cell.npos && cell.substr(0, slash) != cell.substr(slash + 1)) {
            bool completed = std::ranges::find(row, "Completed") != row.end();
            if (!completed) return true;
        }
        if (heading == "STATUS" && cell != "Running" && cell != "Completed" && cell != "Ready" && cell != "Active" &&
            cell != "Bound" && cell != "Complete")
            return true;
        if (heading == "TYPE" && cell == "Warning") return true;
    }
    return false;
}

Result<TablePage> readTable(const std::string& body, bool withNamespace) {
    auto json = Json::parse(body, nullptr, false);
    const auto& definitions = at(json, "columnDefinitions");
    if (!definitions.is_array()) return fail(ErrorCode::Unavailable, "the API server gave no table");
    TablePage page;
    page.continueToken = textOf(at(at(json, "metadata"), "continue"));
    auto& table = page.table;
    if (withNamespace) table.columns.push_back({"NAMESPACE", "命名空间"});
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < definitions.size(); ++i) {
        if (at(definitions[i], "priority").is_number_integer() && definitions[i]["priority"].get<int>() > 0) continue;
        auto heading = textOf(at(definitions[i], "name"));
        std::ranges::transform(heading, heading.begin(), [](unsigned char c) { return std::toupper(c); });
        table.columns.push_back({heading, heading});
        shown.push_back(i);
    }
    const auto& rows = at(json, "rows");
    if (!rows.is_array()) return page;
    for (const auto& row : rows) {
        std::vector<std::string> cells;
        if (withNamespace) cells.push_back(textOf(at(at(at(row, "object"), "metadata"), "namespace")));
        const auto& values = at(row, "cells");
        for (auto i : shown) cells.push_back(values.is_array() && i < values.size() ? textOf(values[i]) : "");
        table.rows.push_back(std::move(cells));
    }
    return page;
}

void appendOf(const std::string& cluster, Table&& rows, Table& into) {
    if (into.columns.empty()) into.columns.push_back({"CLUSTER", "集群"});
    std::vector<std::size_t> places;  // of the columns of `rows`
    for (auto& column : rows.columns) {
        auto known = std::ranges::find(into.columns, column.en, &rules::LocalizedText::en);
        places.push_back(static_cast<std::size_t>(known - into.columns.begin()));
        if (known == into.columns.end()) into.columns.push_back(std::move(column));
    }
    for (auto& row : rows.rows) {
        std::vector<std::string> placed(into.columns.size());
        placed.front() = cluster;
        for (std::size_t i = 0; i < row.size(); ++i) placed[places[i]] = std::move(row[i]);
        into.rows.push_back(std::move(placed));
    }
    for (auto& row : into.rows) row.resize(into.columns.size());
}

}  // namespace klaw::operate
