// Reports for people: Markdown, and what stands below the card; and the table of the checks.
#include <fmt/format.h>

#include <algorithm>

#include "agent/security/report.hpp"

namespace klaw::security {
namespace {

constexpr std::size_t mostNamed = 20;

/// What stands in objects of a cluster makes no table, link or HTML of its own.
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (std::string_view("\\`*_{}[]<>()#|!~&").find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}

std::string namesOf(const std::vector<const Check*>& checks) {
    std::string names;
    for (const auto* check : checks) names += (names.empty() ? "" : ", ") + std::string(check->id);
    return names;
}

std::string standardsOf(const Check& check) {
    std::string text;
    for (const auto& reference : check.references)
        text += fmt::format("{}{} {}", text.empty() ? "" : "; ", toString(reference.standard), reference.id);
    return text;
}

std::string rowOf(const ReportedFinding& each, const std::string& language) {
    const auto& check = *each.finding.check;
    std::string evidence;
    for (const auto& seen : each.finding.evidence.kept())
        evidence += (evidence.empty() ? "" : "<br>") + escaped(seen.path + " = " + seen.value);
    if (auto more = each.finding.evidence.leftOut()) evidence += fmt::format("<br>… +{}", more);
    bool zh = language.starts_with("zh");
    std::string state = each.isNew ? (zh ? "新增" : "new") : "";
    if (each.expired)
        state += fmt::format(fmt::runtime(zh ? "豁免已于 {} 到期" : " exemption ended {}"),
                             formatRfc3339(each.expired->until));
    return fmt::format("| {} | {} | {} | {} | {} |\n", toString(check.severity), check.id,
                       escaped(each.finding.subject.text()), evidence, state);
}

}  // namespace

std::string nothingFound(const AuditReport& report, bool chinese) {
    if (report.unread.empty() && report.notJudged.empty()) return chinese ? "没有发现问题。\n" : "Nothing was found.\n";
    return chinese ? "在能够检查的范围内没有发现问题。\n" : "Nothing was found in what could be checked.\n";
}

std::string summaryOf(const AuditReport& report, bool chinese) {
    std::string text = chinese ? fmt::format("共 {} 个对象：严重 {}，高 {}，中 {}，低 {}", report.objects,
                                             report.count(Severity::Critical), report.count(Severity::High),
                                             report.count(Severity::Medium), report.count(Severity::Low))
                               : fmt::format("{} objects: {} critical, {} high, {} medium, {} low", report.objects,
                                             report.count(Severity::Critical), report.count(Severity::High),
                                             report.count(Severity::Medium), report.count(Severity::Low));
    if (report.previous && !report.compared)
        text += chinese ? "；上次结果过多，无法比较" : "; the audit before had too many findings to be compared with";
    else if (report.previous)
        text += chinese ? fmt::format("；与 {} 相比新增 {}，已修复 {}", formatRfc3339(*report.previous),
                                      report.countNew(), report.fixed.size())
                        : fmt::format("; since {}: {} new, {} fixed", formatRfc3339(*report.previous),
                                      report.countNew(), report.fixed.size());
    text += "\n";
    for (std::size_t i = 0; i < report.fixed.size() && i < mostNamed; ++i)
        text += (chinese ? "已修复：" : "fixed: ") + std::string(report.fixed[i].first->id) + " " +
                report.fixed[i].second.text() + "\n";
    for (std::size_t i = 0; i < report.exempted.size() && i < mostNamed; ++i) {
        const auto& each = report.exempted[i];
        text += fmt::format(fmt::runtime(chinese ? "已豁免至 {}：{} {}（{}）\n" : "exempted until {}: {} {} ({})\n"),
                            formatRfc3339(each.exemption->until), each.finding.check->id, each.finding.subject.text(),
                            each.exemption->reason);
    }
    for (const auto& each : report.open)
        if (each.expired)
            text += fmt::format(
                fmt::runtime(chinese ? "豁免已于 {} 到期：{} {}（{}）\n" : "exemption ended {}: {} {} ({})\n"),
                formatRfc3339(each.expired->until), each.finding.check->id, each.finding.subject.text(),
                each.expired->reason);
    for (const auto& each : report.unread)
        text += (chinese ? "未能读取 " : "could not be read: ") + each.resource + " (" + each.why + ")\n";
    if (!report.notJudged.empty())
        text +=
            (chinese ? "未检查或仅部分检查：" : "not checked, or only in part: ") + namesOf(report.notJudged) + "\n";
    if (report.leftOut > 0)
        text += chinese ? fmt::format("另有 {} 项未列出\n", report.leftOut)
                        : fmt::format("{} more findings are left out\n", report.leftOut);
    return text;
}

std::string toMarkdown(const AuditReport& report, const std::string& language) {
    bool zh = language.starts_with("zh");
    auto scope = report.cluster + (report.ns.empty() ? "" : "/" + report.ns);
    auto text = fmt::format("# {} {}\n\n{} {}\n\n", zh ? "安全审计" : "Security audit of", escaped(scope),
                            formatRfc3339(report.at), report.programVersion);
    auto summary = summaryOf(report, zh);
    for (std::string_view rest = summary; !rest.empty();) {
        auto end = std::min(rest.find('\n'), rest.size());
        text += "- " + escaped(rest.substr(0, end)) + "\n";
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (report.open.empty()) return text + "\n" + nothingFound(report, zh);
    text += zh ? "\n| 级别 | 检查 | 对象 | 证据 | 变化 |\n|---|---|---|---|---|\n"
               : "\n| severity | check | object | evidence | change |\n|---|---|---|---|---|\n";
    for (const auto& each : report.open) text += rowOf(each, language);
    text += zh ? "\n## 说明与处置\n\n" : "\n## What they mean, and what to do\n\n";
    for (const auto& check : checks()) {
        auto isOf = [&](const ReportedFinding& each) { return each.finding.check == &check; };
        if (std::ranges::none_of(report.open, isOf)) continue;
        auto standards = standardsOf(check);
        text += fmt::format("- **{}**: {}. {}.{}\n", check.id, check.title.in(language), check.remedy.in(language),
                            standards.empty() ? "" : " (" + standards + ")");
    }
    return text;
}

std::string markdownTableOfChecks() {
    std::string table =
        "| check | severity | finds | 发现 | what to do | 处置 | standards |\n|---|---|---|---|---|---|---|\n";
    for (const auto& check : checks()) {
        auto standards = standardsOf(check);
        table +=
            fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", check.id, toString(check.severity), check.title.en,
                        check.title.zh, check.remedy.en, check.remedy.zh, standards.empty() ? "Klaw's own" : standards);
    }
    return table;
}

}  // namespace klaw::security
