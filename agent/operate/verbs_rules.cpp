// Rules: what runs, what they do, and how they came to be so.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/rule_text.hpp"
#include "agent/operate/table.hpp"
#include "notifiers/words.hpp"
#include "rules/load/rule_writer.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

bool isChinese(const Caller& caller) {
    return caller.language.starts_with("zh");
}

std::string inLanguage(const Caller& caller, std::string en, std::string zh) {
    return isChinese(caller) ? std::move(zh) : std::move(en);
}

Result<Output> listRules(Control& control, const Caller& caller, const CommandLine&) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& rule : control.rules())
        rows.push_back({rule.name, rule.group, std::string(notifiers::severityWord(rule.severity, caller.language)),
                        std::to_string(rule.firing), std::to_string(rule.errors), rule.source,
                        rule.unavailable.empty()
                            ? rule.lastError
                            : (isChinese(caller) ? "不可用：" : "unavailable: ") + rule.unavailable});
    Table table{{{"RULE", "规则"},
                 {"GROUP", "分组"},
                 {"SEVERITY", "级别"},
                 {"FIRING", "告警中"},
                 {"ERRORS", "错误"},
                 {"SOURCE", "来源"},
                 {"REMARK", "说明"}},
                std::move(rows)};
    return Output(std::move(table), caller.language);
}

Result<std::string> argument(const CommandLine& line, std::size_t position, const char* what) {
    if (line.arguments.size() > position) return line.arguments[position];
    return fail(ErrorCode::InvalidArgument, fmt::format("rules {} needs {}", line.arguments.front(), what), {},
                "`help rules` shows how it is written");
}

Result<const rules::Rule*> ruleNamed(const Control& control, const CommandLine& line) {
    auto name = argument(line, 1, "the name of a rule");
    if (!name) return fail(std::move(name).error());
    return namedRule(control.ruleSet(), *name);
}

Result<Output> show(Control& control, const Caller&, const CommandLine& line) {
    auto rule = ruleNamed(control, line);
    if (!rule) return fail(std::move(rule).error());
    return "# " + (*rule)->source + "\n" + rules::ruleFileOf((*rule)->text);
}

Result<Output> explain(Control& control, const Caller& caller, const CommandLine& line) {
    auto rule = ruleNamed(control, line);
    if (!rule) return fail(std::move(rule).error());
    auto activity = control.ruleActivity((*rule)->name);
    return explainRule(**rule, &activity, caller.language);
}

Result<Output> exportAll(Control& control, const Caller&, const CommandLine&) {
    return exportRules(control.ruleSet());
}

Result<Output> history(Control& control, const Caller& caller, const CommandLine& line) {
    auto name = line.arguments.size() > 1 ? line.arguments[1] : std::string();
    auto revisions = control.ruleHistory(name);
    if (!revisions) return fail(std::move(revisions).error());
    if (revisions->empty() && !name.empty())
        return fail(ErrorCode::NotFound, "nothing is recorded of a rule \"" + name + "\"", {}, "`rules` lists them");
    return describeHistory(*revisions, !name.empty(), control.utcOffsetMinutes(), caller.language);
}

rules::Mark markOf(const Control& control, const Caller& caller, const CommandLine& line) {
    return {caller.shownName(), control.now(), line.option("comment").value_or("")};
}

Result<Output> apply(Control& control, const Caller& caller, const CommandLine& line) {
    if (line.attachment.empty())
        return fail(ErrorCode::InvalidArgument, "rules apply needs a rule file", {}, "klaw rules apply FILE");
    auto file = line.option("file").value_or("the file");
    auto changed = control.applyRules(file, line.attachment, markOf(control, caller, line));
    if (!changed) return fail(std::move(changed).error());
    if (changed->empty()) return inLanguage(caller, "Nothing changes.\n", "没有变化。\n");
    std::string names;
    for (const auto& name : *changed) names += (names.empty() ? "" : ", ") + name;
    return inLanguage(caller, "In force: " + names + ".\n", "已生效：" + names + "。\n");
}

Result<Output> revert(Control& control, const Caller& caller, const CommandLine& line) {
    auto name = argument(line, 1, "the name of a rule");
    if (!name) return fail(std::move(name).error());
    auto written = argument(line, 2, "the number of a revision; `rules history` lists them");
    if (!written) return fail(std::move(written).error());
    std::uint64_t revision = 0;
    auto end = written->data() + written->size();
    auto read = std::from_chars(written->data(), end, revision);
    if (read.ec != std::errc() || read.ptr != end)
        return fail(ErrorCode::InvalidArgument, "\"" + *written + "\" is no number of a revision");
    auto done = control.revertRule(*name, revision, markOf(control, caller, line));
    if (!done) return fail(std::move(done).error());
    return inLanguage(caller, fmt::format("{} is as in revision {}.\n", *name, revision),
                      fmt::format("{} 已恢复为版本 {}。\n", *name, revision));
}

Result<Output> remove(Control& control, const Caller& caller, const CommandLine& line) {
    auto name = argument(line, 1, "the name of a rule");
    if (!name) return fail(std::move(name).error());
    auto done = control.removeRule(*name, markOf(control, caller, line));
    if (!done) return fail(std::move(done).error());
    bool inFiles = control.ruleSet().find(*name) != nullptr;
    return inLanguage(caller, *name + (inFiles ? " is as in its file again.\n" : " is removed.\n"),
                      *name + (inFiles ? " 已恢复为文件中的定义。\n" : " 已移除。\n"));
}

struct Part {
    std::string_view name, chinese;
    bool changes;
    Result<Output> (*run)(Control& control, const Caller& caller, const CommandLine& line);
};

constexpr Part parts[] = {
    {"list", "列表", false, listRules},  {"show", "查看", false, show},        {"explain", "解释", false, explain},
    {"history", "历史", false, history}, {"export", "导出", false, exportAll}, {"apply", "应用", true, apply},
    {"revert", "恢复", true, revert},    {"remove", "移除", true, remove},
};

const Part* partOf(const CommandLine& line) {
    if (line.arguments.empty()) return &parts[0];
    auto found = std::ranges::find_if(parts, [&](const Part& part) {
        return part.name == line.arguments.front() || part.chinese == line.arguments.front();
    });
    return found == std::end(parts) ? nullptr : found;
}

bool changesRules(const CommandLine& line) {
    const auto* part = partOf(line);
    return part && part->changes;
}

Result<Output> run(Control& control, const Caller& caller, const CommandLine& line) {
    if (const auto* part = partOf(line)) return part->run(control, caller, line);
    std::vector<std::string_view> names;
    for (const auto& part : parts) names.push_back(part.name);
    auto near = rules::nearest(line.arguments.front(), names);
    return fail(ErrorCode::InvalidArgument, "rules has no \"" + line.arguments.front() + "\"", {},
                near ? "did you mean `rules " + std::string(*near) + "`?" : "`help rules` shows how it is written");
}

}  // namespace

std::vector<Verb> ruleVerbs() {
    return {{"rules",
             {"规则"},
             "rules [show NAME | explain NAME | history [NAME] | export | revert NAME REVISION | remove NAME]",
             {"Lists the rules that run; shows one, what it reads and costs, and its revisions; goes back to one",
              "列出正在运行的规则；查看定义、读取内容与开销、历史版本；恢复到某一版本"},
             changesRules,
             nullptr,
             run,
             nullptr,
             "rules",
             nullptr,
             nullptr,
             false,
             {"comment", "file"}}};
}

}  // namespace klaw::operate
