#include "rules/rule_table.hpp"

#include <fmt/format.h>

#include "rules/metric/builtin_metrics.hpp"

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

std::string renamedIn(const RuleSet* other, const Rule& rule) {
    for (std::size_t i = 0; other && i < other->rules().size(); ++i) {
        const auto& renamed = other->rules()[i];
        if (renamed.formerName == rule.name && renamed.name != rule.name)
            return fmt::format("{}, {}, {}", alertnameOf(renamed), toString(renamed.severity), waitOf(renamed));
    }
    return "";
}

}  // namespace

std::string alertnameOf(const Rule& rule) {
    for (const auto& [name, text] : rule.labels)
        if (name == "alertname") return text.source();
    return rule.name;
}

std::string markdownTable(const RuleSet& rules, const RuleSet* renamed) {
    std::string table =
        "| rule | severity | for | as in kube-prometheus | reads | fires when | card | 卡片 |\n"
        "|---|---|---|---|---|---|---|---|\n";
    for (const auto& rule : rules.rules())
        table += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", rule.name, toString(rule.severity),
                             waitOf(rule), renamedIn(renamed, rule), cell(sourceOf(rule)), cell(conditionOf(rule)),
                             cell(rule.title.en.source()), cell(rule.title.zh.source()));
    return table;
}

}  // namespace klaw::rules
