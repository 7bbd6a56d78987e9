#include "agent/operate/cluster_answers.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "agent/operate/server_table.hpp"
#include "rules/metric/quantity.hpp"

namespace klaw::operate {
namespace {

using simdjson::dom::element;

constexpr std::size_t mostConsumers = 3;

std::string_view text(element json, const char* pointer) {
    std::string_view value;
    return json.at_pointer(pointer).get(value) ? std::string_view() : value;
}

/// Visits what is in a list; nothing where there is none.
template <class Visit>
void forEachIn(element json, const char* pointer, Visit visit) {
    simdjson::dom::array items;
    if (json.at_pointer(pointer).get(items)) return;
    for (auto item : items) visit(item);
}

double quantity(element json, const char* pointer) {
    return rules::parseQuantity(text(json, pointer)).value_or(0);
}

std::string conditionsOf(element node) {
    std::string pressures;
    forEachIn(node, "/status/conditions", [&](element condition) {
        auto type = text(condition, "/type");
        if (type != "Ready" && text(condition, "/status") == "True")
            pressures += (pressures.empty() ? "" : ", ") + std::string(type);
    });
    return pressures;
}

bool isReady(element node) {
    bool ready = false;
    forEachIn(node, "/status/conditions", [&](element condition) {
        if (text(condition, "/type") == "Ready") ready = text(condition, "/status") == "True";
    });
    return ready;
}

std::size_t columnOf(const Table& table, std::string_view heading) {
    auto found = std::ranges::find(table.columns, heading, &rules::LocalizedText::en);
    return static_cast<std::size_t>(found - table.columns.begin());
}

std::string cell(const std::vector<std::string>& row, std::size_t column) {
    return column < row.size() ? row[column] : std::string();
}

std::optional<std::size_t> number(std::string_view digits) {
    std::size_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

/// "1/3" of Deployments and StatefulSets; DaemonSets have a column for each.
std::pair<std::string, std::string> readyAndWanted(const Table& table, const std::vector<std::string>& row) {
    auto ready = cell(row, columnOf(table, "READY"));
    if (auto slash = ready.find('/'); slash != ready.npos) return {ready.substr(0, slash), ready.substr(slash + 1)};
    return {ready, cell(row, columnOf(table, "DESIRED"))};
}

std::vector<Consumer> largest(std::vector<Consumer> all, double Consumer::* by) {
    std::ranges::sort(all, std::ranges::greater(), by);
    if (all.size() > mostConsumers) all.resize(mostConsumers);
    return all;
}

Error unreadable(const char* what) {
    return Error(ErrorCode::DataLoss, fmt::format("the API server's answer is no {}", what));
}

}  // namespace

Result<ReadinessFacts> readReadiness(const std::string& body) {
    ReadinessFacts facts;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("[+]") && !line.starts_with("[-]")) continue;
        ++facts.checks;
        if (line.starts_with("[-]")) facts.failing.push_back(line.substr(3, line.find(' ') - 3));
    }
    return facts;
}

Result<NodeFacts> readNodes(const std::string& body) {
    simdjson::dom::parser parser;
    element list;
    simdjson::dom::array items;
    if (parser.parse(body).get(list) || list["items"].get(items)) return fail(unreadable("NodeList"));
    NodeFacts facts;
    facts.cut = !text(list, "/metadata/continue").empty();
    for (auto node : items) {
        std::string name(text(node, "/metadata/name"));
        ++facts.nodes;
        facts.cpu += quantity(node, "/status/allocatable/cpu");
        facts.memory += quantity(node, "/status/allocatable/memory");
        if (!isReady(node))
            facts.notReady.push_back(name);
        else if (auto pressures = conditionsOf(node); !pressures.empty())
            facts.underPressure.push_back(name + " (" + pressures + ")");
        bool cordoned = false;
        if (!node.at_pointer("/spec/unschedulable").get(cordoned) && cordoned)
            facts.cordoned.push_back(std::move(name));
    }
    return facts;
}

Result<PodFacts> readPods(const std::string& counted, const std::string& notStarted) {
    simdjson::dom::parser parser;
    element list;
    simdjson::dom::array rows;
    if (parser.parse(counted).get(list) || list["rows"].get(rows)) return fail(unreadable("table of Pods"));
    PodFacts facts;
    std::int64_t remaining = 0;
    bool more = !list.at_pointer("/metadata/remainingItemCount").get(remaining) && remaining > 0;
    facts.pods = rows.size() + (more ? static_cast<std::size_t>(remaining) : 0);
    auto page = readTable(notStarted, false);
    if (!page) return fail(std::move(page).error());
    facts.cut = !page->continueToken.empty();
    auto status = columnOf(page->table, "STATUS");
    for (const auto& row : page->table.rows) ++facts.notStarted[cell(row, status)];
    return facts;
}

Result<void> addWorkloads(const std::string& body, const std::string& kind, bool withNamespace, WorkloadFacts& facts) {
    auto page = readTable(body, withNamespace);
    if (!page) return fail(std::move(page).error());
    facts.cut |= !page->continueToken.empty();
    auto name = columnOf(page->table, "NAME"), ns = columnOf(page->table, "NAMESPACE");
    for (const auto& row : page->table.rows) {
        ++facts.workloads;
        auto [ready, wanted] = readyAndWanted(page->table, row);
        if (number(ready).value_or(0) >= number(wanted).value_or(0)) continue;
        auto path = (withNamespace ? cell(row, ns) + "/" : "") + cell(row, name);
        facts.unavailable.push_back(fmt::format("{} {} {}/{}", kind, path, ready, wanted));
    }
    return {};
}

std::optional<Duration> leaseAge(const std::string& body, TimePoint now) {
    simdjson::dom::parser parser;
    element lease;
    if (parser.parse(body).get(lease)) return std::nullopt;
    auto renewed = parseRfc3339(text(lease, "/spec/renewTime"));
    if (!renewed) return std::nullopt;
    return std::max(now - *renewed, Duration::zero());
}

Result<UsageFacts> readNodeUsage(const std::string& body) {
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(body)["items"].get(items)) return fail(unreadable("NodeMetricsList"));
    UsageFacts facts;
    for (auto node : items) {
        Consumer consumer{std::string(text(node, "/metadata/name")), quantity(node, "/usage/cpu"),
                          quantity(node, "/usage/memory")};
        facts.cpu += consumer.cpu;
        facts.memory += consumer.memory;
        facts.nodes.push_back(std::move(consumer));
    }
    facts.nodes = largest(std::move(facts.nodes), &Consumer::memory);
    return facts;
}

void addPodUsage(const std::string& body, UsageFacts& facts) {
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(body)["items"].get(items)) return;
    std::vector<Consumer> pods;
    for (auto pod : items) {
        Consumer consumer{fmt::format("{}/{}", text(pod, "/metadata/namespace"), text(pod, "/metadata/name"))};
        forEachIn(pod, "/containers", [&](element container) {
            consumer.cpu += quantity(container, "/usage/cpu");
            consumer.memory += quantity(container, "/usage/memory");
        });
        pods.push_back(std::move(consumer));
    }
    facts.podsByCpu = largest(pods, &Consumer::cpu);
    facts.pods = largest(std::move(pods), &Consumer::memory);
}

}  // namespace klaw::operate
