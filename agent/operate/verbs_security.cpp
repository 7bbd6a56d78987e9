// `cluster audit`: how safe a cluster, or one namespace of it, is set up.
#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/security_reading.hpp"
#include "agent/security/report.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

using security::AuditReport;
using security::ReportedFinding;
using security::Severity;

constexpr std::string_view outputs[] = {"card", "markdown", "json", "sarif"};

rules::LocalizedText nameOf(Severity severity) {
    static const rules::LocalizedText names[] = {{"low", "低"}, {"medium", "中"}, {"high", "高"}, {"critical", "严重"}};
    return names[static_cast<std::size_t>(severity)];
}

/// What was seen first, where and what; how much more there is.
std::pair<std::string, std::string> evidenceOf(const ReportedFinding& each) {
    const auto& kept = each.finding.evidence.kept();
    auto more = kept.size() - 1 + each.finding.evidence.leftOut();
    auto value = kept.front().value;
    if (more > 0) value += " (+" + std::to_string(more) + ")";
    return {kept.front().path, std::move(value)};
}

/// Field and value stand in cells of their own: "…Token = not set" would be masked as a secret.
std::vector<std::string> rowOf(const ReportedFinding& each, const std::string& language) {
    const auto& check = *each.finding.check;
    auto [path, value] = evidenceOf(each);
    std::string change = !each.isNew ? "" : language.starts_with("zh") ? "新增" : "new";
    return {nameOf(check.severity).in(language),
            std::string(check.id),
            each.finding.subject.text(),
            check.title.in(language),
            std::move(path),
            std::move(value),
            std::move(change)};
}

Output cardOf(const AuditReport& report, const std::string& language) {
    bool zh = language.starts_with("zh");
    auto below = security::summaryOf(report, zh);
    if (report.open.empty()) return Output(security::nothingFound(report, zh) + below);
    Table table{{{"SEVERITY", "级别"},
                 {"CHECK", "检查"},
                 {"OBJECT", "对象"},
                 {"FINDING", "发现"},
                 {"FIELD", "字段"},
                 {"VALUE", "值"},
                 {"CHANGE", "变化"}},
                {}};
    for (const auto& each : report.open) table.rows.push_back(rowOf(each, language));
    return Output(std::move(table), language, std::move(below));
}

Output outputOf(const AuditReport& report, const std::string& form, const std::string& language) {
    if (form == "markdown") return Output(security::toMarkdown(report, language));
    if (form == "json") return Output(security::toJson(report));
    if (form == "sarif") return Output(security::toSarif(report));
    return cardOf(report, language);
}

/// `--all` where a conversation has a namespace of its own by `use`.
std::string namespaceOf(const CommandLine& line) {
    return line.option("all") ? std::string() : line.option("namespace").value_or("");
}

/// Who may audit one namespace asks for that one.
std::optional<access::Place> placeOfAudit(const Control& control, const CommandLine& line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) return std::nullopt;
    return access::Place{std::move(*cluster), namespaceOf(line), {}, {}, false};
}

Result<Severity> leastOf(const CommandLine& line) {
    auto written = line.option("severity").value_or("low");
    if (auto severity = security::severityFromString(written)) return *severity;
    return fail(ErrorCode::InvalidArgument, "there is no severity \"" + written + "\"", {},
                "low, medium, high or critical");
}

Result<std::string> formOf(const CommandLine& line) {
    auto written = line.option("output").value_or("card");
    if (std::ranges::find(outputs, written) != std::end(outputs)) return written;
    auto near = rules::nearest(written, outputs);
    return fail(ErrorCode::InvalidArgument, "there is no output \"" + written + "\"", {},
                near ? "did you mean " + std::string(*near) + "?" : "card, markdown, json or sarif");
}

/// The same in another form soon after is the same audit: what was new in it is new still.
constexpr Duration lengthOfOneAudit = 10min;

std::string scopeBefore(const std::string& scope) {
    return scope + " before";
}

const security::Run* previousRun(const Control& control, const std::string& scope) {
    const auto* last = control.lastAudit(scope);
    const auto* before = control.lastAudit(scopeBefore(scope));
    bool isSameAudit = last && control.now() - last->at < lengthOfOneAudit;
    return isSameAudit && before ? before : last;
}

/// For the next one to compare with. A later page and a search are parts of an audit that was kept.
void keepRun(Control& control, const std::string& scope, const CommandLine& line, security::Run run) {
    const auto* last = control.lastAudit(scope);
    bool isPart = line.option("page").value_or("1") != "1" || line.option("grep");
    if (isPart || (last && run.at - last->at < lengthOfOneAudit)) return;
    if (last) control.keepAudit(scopeBefore(scope), security::Run(*last));
    control.keepAudit(scope, run);
}

Task<Result<Output>> audit(Control& control, Caller caller, CommandLine line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    auto least = leastOf(line);
    if (!least) co_return fail(std::move(least).error());
    auto form = formOf(line);
    if (!form) co_return fail(std::move(form).error());
    if (!line.arguments.empty())
        co_return fail(ErrorCode::InvalidArgument, "cluster audit takes no \"" + line.arguments.front() + "\"", {},
                       "write -n NAMESPACE or --cluster NAME");
    auto ns = namespaceOf(line);
    auto language = caller.language;
    auto findings = co_await readFindings(control, std::move(caller), *cluster, ns);
    if (!findings) co_return fail(std::move(findings).error());
    auto scope = *cluster + (ns.empty() ? "" : "/" + ns);
    auto report = security::reportOf(std::move(*findings), *cluster, ns, control.now(), control.auditTerms(),
                                     previousRun(control, scope));
    keepRun(control, scope, line, security::runOf(report));
    security::keepFrom(report, *least);
    co_return outputOf(report, *form, language);
}

}  // namespace

std::vector<Verb> securityVerbs() {
    Verb verb;
    verb.name = "cluster audit", verb.aliases = {"安全审计", "cluster 审计", "cluster 安全审计"};
    verb.usage =
        "cluster audit [-n NAMESPACE | --all] [--severity low|medium|high|critical] [--output "
        "card|markdown|json|sarif]";
    verb.summary = {
        "Checks how safe a cluster is set up: Pods, roles, network, secrets, certificates, control plane; "
        "says what is new and what is fixed since the last time",
        "安全审计：检查 Pod、角色、网络、凭据、证书与控制面，并与上次结果比较"};
    verb.ask = audit;
    verb.readPermission = "security";
    verb.place = placeOfAudit;
    verb.options = {"severity", "output", "all", "grep"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
