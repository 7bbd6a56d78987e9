#include "agent/operate/upgrade_preflight.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/planned_object.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;
using Level = PreflightFinding::Level;
using Findings = std::vector<PreflightFinding>;

constexpr std::size_t longestEvidence = 300;
constexpr std::size_t mostNames = 8;

void add(Findings& findings, Level level, const char* en, const char* zh, std::string evidence) {
    findings.push_back({level, {en, zh}, truncateUtf8(notifiers::oneLine(std::move(evidence)), longestEvidence)});
}

/// "a, b and 3 more"
std::string some(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), mostNames); ++i) text += (i > 0 ? ", " : "") + names[i];
    if (names.size() > mostNames) text += fmt::format(" and {} more", names.size() - mostNames);
    return text;
}

std::string titleOf(const Json& object) {
    auto ns = textAt(object, "/metadata/namespace");
    return (ns.empty() ? "" : ns + "/") + textAt(object, "/metadata/name");
}

/// The parsed answer; null, with a finding, where there is none.
Json parsed(const Result<std::string>& answer, const char* en, const char* zh, Findings& findings) {
    auto json = answer ? Json::parse(*answer, nullptr, false) : Json();
    if (json.is_object()) return json;
    auto why = answer ? std::string("the answer is no JSON") : answer.error().describe();
    add(findings, Level::Unknown, en, zh, std::move(why));
    return {};
}

bool isTrue(const Json& object, const char* type) {
    for (const auto& condition : listAt(object, "/status/conditions"))
        if (valueAt(condition, "/type") == type) return valueAt(condition, "/status") == "True";
    return false;
}

void checkVersions(const UpgradeFacts& facts, const KubernetesVersion& to, Findings& findings) {
    auto from = parseKubernetesVersion(facts.version.substr(0, facts.version.find(' ')));
    if (!from) return add(findings, Level::Unknown, "the version of now is not known", "当前版本未知", facts.version);
    auto step = from->text() + " → " + to.text();
    if (to <= *from)
        add(findings, Level::Blocker, "that is no newer version", "目标版本并不更新", step);
    else if (to.major != from->major || to.minor > from->minor + 1)
        add(findings, Level::Blocker, "a minor version is skipped: control planes go one at a time",
            "跨越了次版本：控制平面必须逐个次版本升级", step);
}

void checkNodes(const Json& nodes, const KubernetesVersion& to, Findings& findings) {
    constexpr int mostBehind = 3, formerlyMostBehind = 2, sinceMinor = 28;
    std::vector<std::string> notReady, cordoned, behind, ahead;
    for (const auto& node : listAt(nodes, "/items")) {
        auto name = textAt(node, "/metadata/name");
        if (!isTrue(node, "Ready")) notReady.push_back(name);
        if (valueAt(node, "/spec/unschedulable") == true) cordoned.push_back(name);
        auto version = parseKubernetesVersion(textAt(node, "/status/nodeInfo/kubeletVersion"));
        if (!version) continue;
        auto with = name + " " + version->text();
        if (version->minor > to.minor) ahead.push_back(with);
        if (to.minor - version->minor > (to.minor >= sinceMinor ? mostBehind : formerlyMostBehind))
            behind.push_back(with);
    }
    if (!notReady.empty()) add(findings, Level::Blocker, "nodes are not ready", "有节点未就绪", some(notReady));
    if (!cordoned.empty()) add(findings, Level::Warning, "nodes are cordoned", "有节点被禁止调度", some(cordoned));
    if (!behind.empty())
        add(findings, Level::Blocker, "kubelets are too old for that control plane", "kubelet 版本过旧", some(behind));
    if (!ahead.empty())
        add(findings, Level::Blocker, "kubelets are newer than that control plane", "kubelet 版本高于控制平面",
            some(ahead));
}

void checkBudgets(const Json& budgets, Findings& findings) {
    std::vector<std::string> names;
    for (const auto& budget : listAt(budgets, "/items")) {
        const auto& pods = valueAt(budget, "/status/expectedPods");
        bool has = pods.is_number_integer() && pods.get<std::int64_t>() > 0;
        if (has && valueAt(budget, "/status/disruptionsAllowed") == 0) names.push_back(titleOf(budget));
    }
    if (!names.empty())
        add(findings, Level::Blocker, "disruption budgets let no Pod go: their nodes would not drain",
            "中断预算不允许驱逐任何 Pod：其节点无法排空", some(names));
}

bool hasReadyEndpoint(const Json& slices) {
    for (const auto& slice : listAt(slices, "/items"))
        for (const auto& endpoint : listAt(slice, "/endpoints"))
            if (valueAt(endpoint, "/conditions/ready") != false && !listAt(endpoint, "/addresses").empty()) return true;
    return false;
}

void checkServices(const UpgradeFacts& facts, Findings& findings) {
    std::vector<std::string> without;
    for (const auto& [service, answer] : facts.services) {
        auto slices =
            parsed(answer, "the service of a webhook could not be looked at", "无法检查 webhook 的服务", findings);
        if (slices.is_object() && !hasReadyEndpoint(slices)) without.push_back(service);
    }
    if (!without.empty())
        add(findings, Level::Blocker, "webhooks that refuse what they do not see have nothing ready behind them",
            "failurePolicy 为 Fail 的 webhook 没有就绪的后端", some(without));
}

/// Versions of APIs that people may still write with, and the minor version of Kubernetes that has them no more.
struct RemovedApi {
    std::string_view kind, apiVersion;
    int minor;
};
constexpr RemovedApi removedApis[] = {
    {"cronjobs", "batch/v1beta1", 25},
    {"poddisruptionbudgets", "policy/v1beta1", 25},
    {"horizontalpodautoscalers", "autoscaling/v2beta1", 25},
    {"horizontalpodautoscalers", "autoscaling/v2beta2", 26},
    {"flowschemas", "flowcontrol.apiserver.k8s.io/v1beta1", 26},
    {"flowschemas", "flowcontrol.apiserver.k8s.io/v1beta2", 29},
    {"flowschemas", "flowcontrol.apiserver.k8s.io/v1beta3", 32},
    {"prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io/v1beta1", 26},
    {"prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io/v1beta2", 29},
    {"prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io/v1beta3", 32},
};

/// Who writes an object with that version, by what the API server notes of it.
std::string writerOf(const Json& object, std::string_view apiVersion) {
    for (const auto& entry : listAt(object, "/metadata/managedFields"))
        if (textAt(entry, "/apiVersion") == apiVersion) return textAt(entry, "/manager");
    return {};
}

void checkStored(const UpgradeFacts& facts, const KubernetesVersion& to, Findings& findings) {
    for (const auto& [kind, answer] : facts.stored) {
        auto list = parsed(answer, "stored objects could not be looked at", "无法检查已存储的对象", findings);
        for (const auto& removed : removedApis) {
            if (removed.kind != kind || removed.minor > to.minor) continue;
            std::vector<std::string> names;
            for (const auto& object : listAt(list, "/items"))
                if (auto writer = writerOf(object, removed.apiVersion); !writer.empty())
                    names.push_back(titleOf(object) + " by " + writer);
            if (!names.empty())
                add(findings, Level::Blocker, "objects are written with a version of the API that is removed",
                    "有对象使用将被移除的 API 版本写入",
                    fmt::format("{} {} (gone in v1.{}): {}", kind, removed.apiVersion, removed.minor, some(names)));
        }
    }
}

void checkDefinitions(const Json& definitions, Findings& findings) {
    std::vector<std::string> names;
    for (const auto& definition : listAt(definitions, "/items"))
        for (const auto& stored : listAt(definition, "/status/storedVersions"))
            for (const auto& version : listAt(definition, "/spec/versions"))
                if (valueAt(version, "/name") == stored && valueAt(version, "/served") == false)
                    names.push_back(textAt(definition, "/metadata/name") + " " + textAt(version, "/name"));
    if (!names.empty())
        add(findings, Level::Warning, "custom resources are stored in versions that are not served",
            "自定义资源以不再提供的版本存储", some(names));
}

/// The value of a label in a line of Prometheus text: `{group="batch",version="v1beta1"} 1`.
std::string labelIn(std::string_view line, std::string_view name) {
    auto key = std::string(name) + "=\"";
    for (std::size_t at = line.find(key); at != line.npos; at = line.find(key, at + 1)) {
        bool begins = at > 0 && (line[at - 1] == '{' || line[at - 1] == ',');
        if (!begins) continue;
        auto from = at + key.size();
        return std::string(line.substr(from, line.find('"', from) - from));
    }
    return {};
}

/// https://kubernetes.io/docs/reference/instrumentation/metrics/, apiserver_requested_deprecated_apis
void checkRequested(const UpgradeFacts& facts, const KubernetesVersion& to, Findings& findings) {
    constexpr std::string_view metric = "apiserver_requested_deprecated_apis{";
    if (!facts.metrics)
        return add(findings, Level::Unknown, "whether removed APIs are asked for is not known",
                   "无法得知是否仍在请求将被移除的 API", facts.metrics.error().describe());
    std::vector<std::string> gone, later;
    std::string_view rest = *facts.metrics;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.starts_with(metric)) continue;
        auto release = parseKubernetesVersion(labelIn(line, "removed_release") + ".0");
        auto group = labelIn(line, "group");
        auto what = labelIn(line, "resource") + "." + labelIn(line, "version") + (group.empty() ? "" : "." + group);
        if (release)
            what += " (gone in v" + std::to_string(release->major) + "." + std::to_string(release->minor) + ")";
        bool goes = release && release->minor <= to.minor && release->major <= to.major;
        (goes ? gone : later).push_back(std::move(what));
    }
    if (!gone.empty())
        add(findings, Level::Blocker, "somebody asks for APIs that are removed", "仍有客户端请求将被移除的 API",
            some(gone));
    if (!later.empty())
        add(findings, Level::Warning, "somebody asks for deprecated APIs", "仍有客户端请求已弃用的 API", some(later));
}

void checkCertificate(const UpgradeFacts& facts, TimePoint now, Findings& findings) {
    constexpr Duration soon = 30 * 24h, atOnce = 24h;
    if (!facts.certificateEnds) return;
    auto left = *facts.certificateEnds - now;
    if (left >= soon) return;
    add(findings, left < atOnce ? Level::Blocker : Level::Warning, "the API server's certificate ends soon",
        "API 服务器证书即将到期", formatRfc3339(std::chrono::floor<std::chrono::seconds>(*facts.certificateEnds)));
}

void checkBackups(const UpgradeFacts& facts, TimePoint now, Findings& findings) {
    constexpr Duration fresh = 24h;
    if (facts.backups.empty())
        return add(findings, Level::Warning, "no backup of the whole cluster is configured", "未配置整个集群的备份",
                   "docs/backup.md");
    if (!facts.lastBackup)
        return add(findings, Level::Warning, "there is no good backup of the whole cluster", "没有可用的整个集群的备份",
                   some(facts.backups));
    if (now - *facts.lastBackup > fresh)
        add(findings, Level::Warning, "the last backup is more than a day old", "最近一次备份已超过一天",
            formatRfc3339(std::chrono::floor<std::chrono::seconds>(*facts.lastBackup)) + " " + some(facts.backups));
}

}  // namespace

std::vector<PreflightFinding> preflight(const UpgradeFacts& facts, const KubernetesVersion& to, TimePoint now) {
    Findings findings;
    checkVersions(facts, to, findings);
    checkNodes(parsed(facts.nodes, "nodes could not be looked at", "无法检查节点", findings), to, findings);
    checkBudgets(parsed(facts.budgets, "disruption budgets could not be looked at", "无法检查中断预算", findings),
                 findings);
    parsed(facts.validating, "webhooks could not be looked at", "无法检查 webhook", findings);
    parsed(facts.mutating, "webhooks could not be looked at", "无法检查 webhook", findings);
    checkServices(facts, findings);
    checkRequested(facts, to, findings);
    checkStored(facts, to, findings);
    checkDefinitions(
        parsed(facts.definitions, "custom resources could not be looked at", "无法检查自定义资源", findings), findings);
    checkCertificate(facts, now, findings);
    checkBackups(facts, now, findings);
    std::ranges::stable_sort(findings, {}, &PreflightFinding::level);
    // Of several things that could not be looked at for one reason.
    auto same = [](const auto& a, const auto& b) { return a == b; };
    findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
    return findings;
}

bool blocks(const std::vector<PreflightFinding>& findings) {
    return std::ranges::any_of(findings, [](const auto& each) { return each.level == Level::Blocker; });
}

Table preflightTable(const std::vector<PreflightFinding>& findings, bool chinese) {
    auto word = [&](Level level) -> std::string {
        switch (level) {
            case Level::Blocker:
                return chinese ? "阻断" : "blocker";
            case Level::Warning:
                return chinese ? "警告" : "warning";
            default:
                return chinese ? "未知" : "unknown";
        }
    };
    Table table{{{"LEVEL", "级别"}, {"FINDING", "发现"}, {"EVIDENCE", "依据"}}, {}};
    for (const auto& finding : findings)
        table.rows.push_back({word(finding.level), chinese ? finding.what.zh : finding.what.en, finding.evidence});
    return table;
}

}  // namespace klaw::operate
