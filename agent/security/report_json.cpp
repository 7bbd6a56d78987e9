// Reports for programs: JSON and SARIF.
#include <algorithm>

#include "agent/security/report.hpp"
#include "base/digest.hpp"
#include "base/percent.hpp"

namespace klaw::security {
namespace {

using Ordered = nlohmann::ordered_json;

std::string dumped(const Ordered& json) {
    return json.dump(2, ' ', false, Ordered::error_handler_t::replace) + "\n";
}

Ordered referencesOf(const Check& check) {
    auto list = Ordered::array();
    for (const auto& reference : check.references)
        list.push_back({{"standard", toString(reference.standard)}, {"id", reference.id}});
    return list;
}

Ordered jsonOf(const Subject& subject) {
    return {{"kind", subject.kind}, {"namespace", subject.ns}, {"name", subject.name}};
}

Ordered jsonOf(const ReportedFinding& each) {
    const auto& check = *each.finding.check;
    Ordered json{{"check", check.id},
                 {"severity", toString(check.severity)},
                 {"title", {{"en", check.title.en}, {"zh", check.title.zh}}},
                 {"remedy", {{"en", check.remedy.en}, {"zh", check.remedy.zh}}},
                 {"object", jsonOf(each.finding.subject)},
                 {"evidence", Ordered::array()},
                 {"new", each.isNew},
                 {"standards", referencesOf(check)}};
    for (const auto& seen : each.finding.evidence.kept())
        json["evidence"].push_back({{"path", seen.path}, {"value", seen.value}});
    if (auto more = each.finding.evidence.leftOut()) json["moreEvidence"] = more;
    const auto& exemption = each.exemption ? each.exemption : each.expired;
    if (exemption)
        json[each.exemption ? "exemption" : "expiredExemption"] = {{"reason", exemption->reason},
                                                                   {"until", formatRfc3339(exemption->until)}};
    return json;
}

std::string_view levelOf(Severity severity) {
    if (severity == Severity::Low) return "note";
    return severity == Severity::Medium ? "warning" : "error";
}

/// As code scanners rank them: https://docs.github.com/en/code-security (security-severity)
std::string_view scoreOf(Severity severity) {
    static constexpr std::string_view scores[] = {"2.0", "5.5", "8.0", "9.5"};
    return scores[static_cast<std::size_t>(severity)];
}

Ordered ruleOf(const Check& check) {
    auto tags = Ordered::array({"security", "kubernetes"});
    for (const auto& reference : check.references)
        tags.push_back(std::string(toString(reference.standard)) + " " + std::string(reference.id));
    return {{"id", check.id},
            {"shortDescription", {{"text", check.title.en}}},
            {"fullDescription", {{"text", check.title.en + ". " + check.remedy.en + "."}}},
            {"help", {{"text", check.remedy.en + "."}}},
            {"defaultConfiguration", {{"level", levelOf(check.severity)}}},
            {"properties", {{"security-severity", scoreOf(check.severity)}, {"tags", std::move(tags)}}}};
}

/// An address of the object, relative to nothing that is a file.
std::string addressOf(const AuditReport& report, const Subject& subject) {
    auto address = percentEncode(report.cluster);
    if (!subject.ns.empty()) address += "/" + percentEncode(subject.ns);
    return address + "/" + percentEncode(subject.kind) + "/" + percentEncode(subject.name);
}

Ordered resultOf(const AuditReport& report, const Check& check, const Subject& subject, std::string message) {
    auto key = Finding{&check, subject, {}}.key();
    auto index = static_cast<std::size_t>(&check - checks().data());
    Ordered location{
        {"physicalLocation", {{"artifactLocation", {{"uri", addressOf(report, subject)}}}}},
        {"logicalLocations",
         Ordered::array({{{"name", subject.name}, {"fullyQualifiedName", subject.text()}, {"kind", "resource"}}})}};
    return {{"ruleId", check.id},
            {"ruleIndex", index},
            {"level", levelOf(check.severity)},
            {"message", {{"text", std::move(message)}}},
            {"locations", Ordered::array({std::move(location)})},
            {"partialFingerprints", {{"klaw/v1", sha256Hex(report.cluster + "|" + key)}}}};
}

Ordered resultOf(const AuditReport& report, const ReportedFinding& each) {
    const auto& finding = each.finding;
    auto message = finding.subject.text() + ": " + finding.check->title.en;
    for (const auto& seen : finding.evidence.kept()) message += "; " + seen.path + " = " + seen.value;
    auto result = resultOf(report, *finding.check, finding.subject, std::move(message));
    if (report.compared) result["baselineState"] = each.isNew ? "new" : "unchanged";
    if (each.exemption)
        result["suppressions"] = Ordered::array(
            {{{"kind", "external"},
              {"justification", each.exemption->reason + " (until " + formatRfc3339(each.exemption->until) + ")"}}});
    return result;
}

Ordered invocationOf(const AuditReport& report) {
    auto notifications = Ordered::array();
    auto notify = [&](std::string text) {
        notifications.push_back({{"level", "warning"}, {"message", {{"text", std::move(text)}}}});
    };
    for (const auto& each : report.unread) notify(each.resource + " could not be read: " + each.why);
    for (const auto* check : report.notJudged) notify(std::string(check->id) + " was not checked, or only in part");
    if (report.previous && !report.compared) notify("the audit before had too many findings to be compared with");
    if (report.leftOut > 0) notify(std::to_string(report.leftOut) + " more findings are left out");
    return {{"executionSuccessful", true},
            {"endTimeUtc", formatRfc3339(report.at)},
            {"toolExecutionNotifications", std::move(notifications)}};
}

}  // namespace

std::string toJson(const AuditReport& report) {
    Ordered json{{"cluster", report.cluster}, {"namespace", report.ns}, {"at", formatRfc3339(report.at)}};
    if (report.previous) json["previous"] = formatRfc3339(*report.previous);
    json["objects"] = report.objects;
    for (auto severity : {Severity::Critical, Severity::High, Severity::Medium, Severity::Low})
        json["counts"][std::string(toString(severity))] = report.count(severity);
    for (const auto& [name, list] : {std::pair("findings", &report.open), {"exempted", &report.exempted}}) {
        json[name] = Ordered::array();
        for (const auto& each : *list) json[name].push_back(jsonOf(each));
    }
    json["fixed"] = Ordered::array();
    for (const auto& [check, subject] : report.fixed)
        json["fixed"].push_back({{"check", check->id}, {"object", jsonOf(subject)}});
    json["unread"] = Ordered::array();
    for (const auto& each : report.unread) json["unread"].push_back({{"resource", each.resource}, {"why", each.why}});
    json["notChecked"] = Ordered::array();
    for (const auto* check : report.notJudged) json["notChecked"].push_back(check->id);
    json["leftOut"] = report.leftOut;
    return dumped(json);
}

std::string toSarif(const AuditReport& report) {
    auto rules = Ordered::array(), results = Ordered::array();
    for (const auto& check : checks()) rules.push_back(ruleOf(check));
    for (const auto* list : {&report.open, &report.exempted})
        for (const auto& each : *list) results.push_back(resultOf(report, each));
    // baselineState stands in all results or in none.
    for (const auto& [check, subject] : report.fixed) {
        if (!report.compared) break;
        auto result = resultOf(report, *check, subject, subject.text() + ": fixed: " + check->title.en);
        result["baselineState"] = "absent";
        results.push_back(std::move(result));
    }
    Ordered driver{{"name", "klaw"}};
    if (!report.programVersion.empty()) driver["version"] = report.programVersion;
    driver["rules"] = std::move(rules);
    Ordered run{{"tool", {{"driver", std::move(driver)}}},
                {"invocations", Ordered::array({invocationOf(report)})},
                {"results", std::move(results)}};
    return dumped({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                   {"version", "2.1.0"},
                   {"runs", Ordered::array({std::move(run)})}});
}

}  // namespace klaw::security
