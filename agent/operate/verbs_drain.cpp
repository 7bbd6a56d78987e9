// `drain NODE`, as `kubectl drain --ignore-daemonsets`:
// https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/disruption_budgets.hpp"
#include "agent/operate/eviction_run.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr Duration usualPatience = 5min, longestPatience = 1h;
constexpr std::size_t mostPods = 1000, mostListed = 30;

const Json* controllerOf(const Json& pod) {
    for (const auto& owner : listAt(pod, "/metadata/ownerReferences"))
        if (valueAt(owner, "/controller") == true) return &owner;
    return nullptr;
}

bool hasEmptyDir(const Json& pod) {
    for (const auto& volume : listAt(pod, "/spec/volumes"))
        if (!valueAt(volume, "/emptyDir").is_null()) return true;
    return false;
}

std::string titleOf(const Json& pod) {
    return textAt(pod, "/metadata/namespace") + "/" + textAt(pod, "/metadata/name");
}

/// The Pods of a node, by what a drain makes of them.
struct Sorted {
    std::vector<const Json*> evicted;
    std::size_t ofDaemonSets = 0, mirrors = 0, finished = 0;
    std::vector<std::string> unmanaged, withLocalData;  ///< of those to evict
};

Sorted sortedPods(const Json& list) {
    Sorted sorted;
    for (const auto& pod : listAt(list, "/items")) {
        auto phase = textAt(pod, "/status/phase");
        const auto* controller = controllerOf(pod);
        if (!valueAt(pod, "/metadata/annotations/kubernetes.io~1config.mirror").is_null())
            ++sorted.mirrors;
        else if (phase == "Succeeded" || phase == "Failed")
            ++sorted.finished;
        else if (controller && textAt(*controller, "/kind") == "DaemonSet")
            ++sorted.ofDaemonSets;
        else
            sorted.evicted.push_back(&pod);
    }
    for (const auto* pod : sorted.evicted) {
        if (!controllerOf(*pod)) sorted.unmanaged.push_back(titleOf(*pod));
        if (hasEmptyDir(*pod)) sorted.withLocalData.push_back(titleOf(*pod));
    }
    return sorted;
}

/// In kubectl's words.
Result<void> checkLosses(const Sorted& sorted, const CommandLine& line) {
    std::string why, remedy;
    auto refuse = [&](const std::vector<std::string>& pods, const std::string& what, const std::string& option) {
        if (pods.empty() || line.option(option)) return;
        why += (why.empty() ? "" : "; ") + what + ": " + fmt::format("{}", fmt::join(pods, ", "));
        remedy += (remedy.empty() ? "--" : " --") + option;
    };
    refuse(sorted.unmanaged, "cannot evict Pods that declare no controller", "force");
    refuse(sorted.withLocalData, "cannot evict Pods with local storage", "delete-emptydir-data");
    if (why.empty()) return {};
    return fail(ErrorCode::InvalidArgument, why, {},
                "use " + remedy + " to do it nevertheless: what is only there is lost");
}

Plan evictionOf(const Json& pod, const std::string& cluster) {
    Plan plan;
    plan.cluster = cluster;
    plan.ns = textAt(pod, "/metadata/namespace");
    plan.kind = "Pod";
    plan.name = textAt(pod, "/metadata/name");
    plan.uid = textAt(pod, "/metadata/uid");
    plan.path = plan.evidence = "/api/v1/namespaces/" + percentEncode(plan.ns) + "/pods/" + percentEncode(plan.name);
    Json eviction{{"apiVersion", "policy/v1"},
                  {"kind", "Eviction"},
                  {"metadata", {{"name", plan.name}, {"namespace", plan.ns}}},
                  {"deleteOptions", {{"preconditions", {{"uid", plan.uid}}}}}};
    plan.request = {"POST", plan.path + "/eviction", "application/json", eviction.dump()};
    plan.summary = "evict " + plan.title();
    plan.permission = "workloads";
    plan.before = pod.dump(-1, ' ', false, Json::error_handler_t::replace);
    return plan;
}

/// Which budgets do not let all go at once.
void describeBudgets(const std::vector<DisruptionBudget>& budgets, const Sorted& sorted, Duration patience,
                     bool chinese, std::vector<std::string>& notes) {
    for (const auto& budget : budgets) {
        auto here = std::ranges::count_if(sorted.evicted, [&](const Json* pod) { return budget.covers(*pod); });
        if (here <= budget.allowed) continue;
        notes.push_back(fmt::format(
            fmt::runtime(
                chinese
                    ? "PDB {} 目前只允许驱逐 {} 个，此处有 {} 个 Pod：其余等待，最多 {}"
                    : "the disruption budget {} lets {} of its {} Pods here go now: the others wait for it, up to {}"),
            budget.title(), budget.allowed, here, formatDuration(patience)));
    }
}

void describePods(const Sorted& sorted, bool chinese, std::vector<std::string>& notes) {
    std::string text;
    for (std::size_t i = 0; i < std::min(sorted.evicted.size(), mostListed); ++i) {
        const auto& pod = *sorted.evicted[i];
        const auto* controller = controllerOf(pod);
        text += (text.empty() ? "" : ", ") + titleOf(pod);
        if (controller) text += " (" + textAt(*controller, "/kind") + ")";
    }
    auto more = sorted.evicted.size() - std::min(sorted.evicted.size(), mostListed);
    if (more > 0) text += fmt::format(fmt::runtime(chinese ? "，另有 {} 个" : " and {} more"), more);
    if (!text.empty()) notes.push_back((chinese ? "将驱逐：" : "evicted: ") + text);
    if (sorted.ofDaemonSets + sorted.mirrors + sorted.finished == 0) return;
    notes.push_back(fmt::format(fmt::runtime(chinese ? "保留：{} 个 DaemonSet 的、{} 个静态的、{} 个已结束的 Pod"
                                                     : "stay: {} of DaemonSets, {} static, {} finished"),
                                sorted.ofDaemonSets, sorted.mirrors, sorted.finished));
}

Result<Duration> patienceOf(const CommandLine& line) {
    auto written = line.option("timeout");
    if (!written) return usualPatience;
    auto wanted = parseDuration(*written);
    if (wanted && *wanted >= 1s && *wanted <= longestPatience) return *wanted;
    return fail(ErrorCode::InvalidArgument, "\"" + *written + "\" is not how long to go on", {},
                "for example: --timeout 5m, at most " + formatDuration(longestPatience));
}

Task<Result<Plan>> planDrain(Control& control, Caller caller, CommandLine line) {
    auto patience = patienceOf(line);
    if (!patience) co_return fail(std::move(patience).error());
    std::vector<std::string_view> kinds{"nodes"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto body = co_await control.askCluster(caller, plan.cluster, pathOfPodsOn(plan.name), "application/json");
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    auto sorted = sortedPods(list);
    if (sorted.evicted.size() > mostPods)
        co_return fail(ErrorCode::InvalidArgument, "there are " + std::to_string(sorted.evicted.size()) +
                                                       " Pods to evict, more than Klaw does at once");
    if (auto fine = checkLosses(sorted, line); !fine) co_return fail(std::move(fine).error());
    bool cordoned = valueAt(read->json, "/spec/unschedulable") == true, chinese = caller.chinese();
    if (cordoned && sorted.evicted.empty())
        co_return fail(ErrorCode::Conflict,
                       "node " + plan.name + " is drained already: it is cordoned and has no Pods to evict");
    auto budgets = co_await control.askCluster(caller, plan.cluster, pathOfBudgets, "application/json");
    if (!budgets) co_return fail(std::move(budgets).error());
    if (!cordoned) {
        GuardedPatch patch(read->json);
        patch.set("/spec/unschedulable", true);
        patch.putInto(plan);
        plan.undo = "uncordon node/" + plan.name + " --cluster " + plan.cluster;
    }
    for (const auto* pod : sorted.evicted) plan.parts.push_back(evictionOf(*pod, plan.cluster));
    plan.evictsFor = *patience;
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "排空节点 {}：设为不可调度，驱逐 {} 个 Pod"
                                         : "drain the node {}: no new Pods come to it and {} Pods are evicted"),
                    plan.name, plan.parts.size());
    describePods(sorted, chinese, plan.notes);
    describeBudgets(disruptionBudgets(*budgets), sorted, *patience, chinese, plan.notes);
    auto warn = [&](const std::vector<std::string>& pods, const char* en, const char* zh) {
        if (!pods.empty()) plan.notes.push_back(fmt::format("{}: {}", chinese ? zh : en, fmt::join(pods, ", ")));
    };
    warn(sorted.unmanaged, "nothing makes these anew", "没有控制器管理，不会重新创建");
    warn(sorted.withLocalData, "what these keep in emptyDir is lost", "emptyDir 中的数据会丢失");
    co_return plan;
}

}  // namespace

std::vector<Verb> drainVerbs() {
    Verb verb;
    verb.name = "drain", verb.aliases = {"排空"};
    verb.usage = "drain NODE [--timeout 5m] [--force] [--delete-emptydir-data] [--cluster CLUSTER] [--yes]";
    verb.summary = {"Cordons a node and evicts its Pods, as disruption budgets allow",
                    "封锁节点并按 PDB 驱逐其上的 Pod"};
    verb.changes = always;
    verb.plan = planDrain;
    verb.danger = Danger::High;
    verb.permission = "nodes";
    verb.undoable = true;
    verb.options = {"timeout", "force", "delete-emptydir-data"};
    return {verb};
}

}  // namespace klaw::operate
