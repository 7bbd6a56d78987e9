#include "rules/rule_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "rules/metric/builtin_metrics.hpp"
#include "rules/resource_names.hpp"

namespace klaw::rules {
namespace {

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

/// In a cell a bar would end it, and a line break the row.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string sourceOf(const Rule& rule) {
    switch (rule.kind) {
        case Rule::Kind::Resource:
            return joined(rule.resources);
        case Rule::Kind::Event:
            return rule.event.involvedKinds.empty() ? "Events" : "Events of " + joined(rule.event.involvedKinds);
        case Rule::Kind::Promql:
            return "Prometheus";
        case Rule::Kind::Metric:
            break;
    }
    return std::string(describeSource(rule.series.metric));
}

std::string conditionOf(const Rule& rule) {
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : " and ") + part; };
    if (rule.kind == Rule::Kind::Event) add("reason " + joined(rule.event.reasons));
    if (rule.kind == Rule::Kind::Metric || rule.kind == Rule::Kind::Promql) {
        const auto& series = rule.kind == Rule::Kind::Metric ? rule.series.text : rule.promql;
        add("`" + series + " " + rule.bound.text() + "`");
    }
    if (rule.when) add("`" + rule.when->source() + "`");
    if (rule.threshold.minimum > 1)
        add(fmt::format("{} times in {}", rule.threshold.minimum, formatDuration(rule.threshold.window)));
    if (rule.absent) add("nothing for " + formatDuration(*rule.absent));
    if (rule.each) text += ", each of `" + rule.each->source() + "`";
    return text;
}

std::string waitOf(const Rule& rule) {
    return rule.holdFor > Duration{} ? formatDuration(rule.holdFor) : "at once";
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

void addObject(std::string_view kind, bool namespaced, std::set<std::string>& names) {
    if (namespaced) names.insert("namespace");
    if (!kind.empty()) names.insert(lower(kind));
}

/// Before `labels` of the rule add to them and take away.
std::set<std::string> givenLabels(const Rule& rule) {
    std::set<std::string> names;
    if (rule.kind == Rule::Kind::Resource)
        addObject(kindOfResource(rule.resources.front()), isNamespaced(rule.resources.front()), names);
    if (rule.kind == Rule::Kind::Event)
        for (const auto& kind : rule.event.involvedKinds)
            addObject(kind, isNamespaced(resourceOfKind(kind, "")), names);
    const auto* metric = rule.kind == Rule::Kind::Metric ? findBuiltinMetric(rule.series.metric) : nullptr;
    std::istringstream labels(metric ? std::string(metric->labels) : std::string());
    for (std::string name; labels >> name;) names.insert(name.substr(0, name.find(',')));
    if (rule.labelsElement) names.insert("element");
    return names;
}

void addRow(const Rule& rule, std::string_view state, std::string& table) {
    table += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", rule.name, toString(rule.severity),
                         fmt::format("{}{}", waitOf(rule), state), cell(sourceOf(rule)), cell(conditionOf(rule)),
                         cell(rule.title.en.source()), cell(rule.title.zh.source()));
}

}  // namespace

std::string alertnameOf(const Rule& rule) {
    for (const auto& [name, text] : rule.labels)
        if (name == "alertname") return text.source();
    return rule.name;
}

std::vector<std::string> labelNamesOf(const Rule& rule) {
    auto names = givenLabels(rule);
    for (const auto& [name, text] : rule.labels)
        if (text.source().empty())
            names.erase(name);
        else
            names.insert(name);
    names.erase("alertname");
    return {names.begin(), names.end()};
}

std::string markdownTable(const LoadReport& rules) {
    std::string table =
        "| rule | severity | for | reads | fires when | card | 卡片 |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const auto& rule : rules.rules->rules()) addRow(rule, "", table);
    for (const auto& rule : rules.disabled->rules()) addRow(rule, "; off", table);
    return table;
}

std::string upstreamTable(const LoadReport& mixin) {
    std::multimap<std::string, std::string> rows;
    auto add = [&](const RuleSet& rules, std::string_view state) {
        for (const auto& rule : rules.rules())
            if (rule.formerName != rule.name)
                rows.emplace(
                    alertnameOf(rule),
                    fmt::format("| {} | {} | {}{} | {} | {} | {} |\n", alertnameOf(rule), toString(rule.severity),
                                waitOf(rule), state, fmt::join(labelNamesOf(rule), ", "), rule.name, rule.formerName));
    };
    add(*mixin.rules, "");
    add(*mixin.disabled, "; off");
    std::string table =
        "| alert of kube-prometheus | severity | for | labels | in `mixin` | in `fast` |\n|---|---|---|---|---|---|\n";
    for (const auto& [name, row] : rows) table += row;
    return table;
}

}  // namespace klaw::rules
