#include "agent/operate/rule_text.hpp"

#include <fmt/format.h>

#include "agent/operate/table.hpp"
#include "base/text/line_diff.hpp"
#include "notifiers/words.hpp"
#include "rules/load/rule_writer.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/rule_engine.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

using rules::Rule;

/// Lines of a name and a value, in the caller's language.
class Sheet {
public:
    explicit Sheet(std::string_view language) : chinese_(language.starts_with("zh")) {}
    bool chinese() const { return chinese_; }
    std::string pick(std::string_view en, std::string_view zh) const { return std::string(chinese_ ? zh : en); }
    void add(std::string_view en, std::string_view zh, const std::string& value) {
        if (!value.empty()) rows_.push_back({pick(en, zh), value});
    }
    std::string text() const { return formatTable({}, rows_); }

private:
    bool chinese_;
    std::vector<std::vector<std::string>> rows_;
};

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + item;
    return out;
}

void addReads(const Rule& rule, Sheet& sheet) {
    if (rule.kind == Rule::Kind::Promql) sheet.add("reads", "读取", "PromQL: " + rule.promql);
    if (rule.kind == Rule::Kind::Metric)
        sheet.add("reads", "读取", fmt::format("{} ({})", rule.series.text, rules::describeSource(rule.series.metric)));
    for (const auto& resource : rule.resources)
        sheet.add(rule.kind == Rule::Kind::Metric ? "related to" : "reads",
                  rule.kind == Rule::Kind::Metric ? "关联" : "读取",
                  resource + ": " + joined(fieldsRead(rule, resource).paths()));
}

std::string recheckOf(const Rule& rule, const Sheet& sheet) {
    if (rule.kind == Rule::Kind::Event)
        return sheet.pick("when such an Event comes or counts up", "收到该事件或其计数增加时");
    if (rule.kind == Rule::Kind::Metric)
        return sheet.pick("with each answer of its source (`metrics.every`)", "每次采集到数据时（`metrics.every`）");
    if (rule.kind == Rule::Kind::Promql)
        return sheet.pick("every " + formatDuration(rule.every), "每 " + formatDuration(rule.every));
    auto interval = formatDuration(rules::EngineOptions().recheckEvery);
    if (rule.readsNow)
        return sheet.pick("when a field that it reads changes, and every " + interval + " as it reads the clock",
                          "所读字段变化时，且因读取时钟每 " + interval + " 一次");
    return sheet.pick("when a field that it reads changes", "所读字段变化时");
}

void addLife(const Rule& rule, Sheet& sheet) {
    sheet.add("looked at", "评估时机", recheckOf(rule, sheet));
    if (rule.threshold.minimum > 1 || rule.threshold.window > Duration{})
        sheet.add("threshold", "阈值",
                  fmt::format(">= {} in {}", rule.threshold.minimum, formatDuration(rule.threshold.window)));
    if (rule.kind == Rule::Kind::Metric || rule.kind == Rule::Kind::Promql)
        sheet.add("threshold", "阈值", rule.absent ? "" : rule.bound.text());
    if (rule.clear) sheet.add("clears", "恢复条件", rule.clear->text());
    if (rule.absent) sheet.add("absent for", "缺失时长", formatDuration(*rule.absent));
    sheet.add("for", "持续", formatDuration(rule.holdFor));
    if (rule.waitAnew) sheet.add("waits anew when", "重新计时", rule.waitAnew->source());
    if (rule.lookback > Duration{}) sheet.add("bridges gaps of", "容忍间断", formatDuration(rule.lookback));
    if (rule.keepFiringFor > Duration{}) sheet.add("fires on for", "恢复延迟", formatDuration(rule.keepFiringFor));
    for (const auto& inhibitor : rule.inhibitedBy)
        sheet.add("quiet while", "被抑制", inhibitor.alert + " (" + joined(inhibitor.equal) + ")");
    sheet.add("sends to", "通知", joined(rule.notify));
    sheet.add("rings", "强提醒", std::string(rules::toString(rule.ring)));
}

void addActivity(const RuleActivity& activity, Sheet& sheet) {
    sheet.add("alerts", "告警",
              fmt::format("{} {}, {} {}", activity.firing, sheet.pick("firing", "告警中"), activity.pending,
                          sheet.pick("pending", "等待中")));
    auto evaluated = fmt::format("{}", activity.evaluations);
    if (activity.cost) evaluated += fmt::format(", {:.1f}us", *activity.cost / 1.0us);
    sheet.add("evaluated", "评估次数",
              evaluated + sheet.pick(activity.cost ? " each" : "", activity.cost ? "/次" : ""));
    sheet.add("matched", "命中次数", fmt::format("{}", activity.matches));
    auto errors = fmt::format("{}", activity.errors);
    sheet.add("errors", "错误", activity.lastError.empty() ? errors : errors + ": " + activity.lastError);
    sheet.add("unavailable", "不可用", activity.unavailable);
}

std::string stateOf(const RuleRevisionView& revision, const Sheet& sheet) {
    return revision.removed ? sheet.pick("removed", "已移除") : "";
}

}  // namespace

std::string explainRule(const Rule& rule, const RuleActivity* activity, std::string_view language) {
    Sheet sheet(language);
    sheet.add("rule", "规则", rule.name);
    sheet.add("group", "分组", rule.group);
    sheet.add("from", "来源", rule.source);
    sheet.add("severity", "级别", std::string(notifiers::severityWord(rule.severity, std::string(language))));
    addReads(rule, sheet);
    if (rule.each) sheet.add("each of", "遍历", rule.each->source());
    if (rule.when) sheet.add("when", "条件", rule.when->source());
    addLife(rule, sheet);
    if (activity) addActivity(*activity, sheet);
    return sheet.text();
}

std::string describeHistory(const std::vector<RuleRevisionView>& revisions, bool one, int utcOffsetMinutes,
                            std::string_view language) {
    Sheet sheet(language);
    std::vector<std::vector<std::string>> rows;
    std::string text;
    for (std::size_t i = 0; i < revisions.size(); ++i) {
        const auto& revision = revisions[i];
        auto at = notifiers::localTime(revision.at, utcOffsetMinutes);
        if (!one) {
            rows.push_back({revision.name, std::to_string(revision.revision), at, revision.author, revision.source,
                            stateOf(revision, sheet)});
            continue;
        }
        auto before = i + 1 < revisions.size() ? revisions[i + 1].text : std::string();
        auto state = stateOf(revision, sheet);
        text += fmt::format("{}{} {}  {}  {}  {}{}\n{}", text.empty() ? "" : "\n", sheet.pick("revision", "版本"),
                            revision.revision, at, revision.author, revision.source, state.empty() ? "" : "  " + state,
                            lineDiff(before, revision.text));
    }
    if (one) return text;
    return formatTable(sheet.chinese()
                           ? std::vector<std::string>{"规则", "版本", "时间", "操作者", "来源", "状态"}
                           : std::vector<std::string>{"RULE", "REVISION", "AT", "AUTHOR", "SOURCE", "STATE"},
                       rows);
}

std::string exportRules(const rules::RuleSet& rules) {
    std::string items;
    for (const auto& rule : rules.rules()) items += rule.text;
    return rules::ruleFileOf(items);
}

Result<const Rule*> namedRule(const rules::RuleSet& rules, const std::string& name) {
    if (const auto* rule = rules.find(name)) return rule;
    std::vector<std::string_view> names;
    for (const auto& rule : rules.rules()) names.push_back(rule.name);
    auto near = rules::nearest(name, names);
    return fail(ErrorCode::NotFound, "there is no rule \"" + name + "\"", {},
                near ? "did you mean " + std::string(*near) + "?" : "`rules` lists them");
}

}  // namespace klaw::operate
