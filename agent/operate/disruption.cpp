#include "agent/operate/disruption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/operate/label_selector.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr std::size_t perPage = 500, mostPages = 20;

/// Labels that tell apart revisions of a workload, or its Pods.
constexpr std::string_view ownLabels[] = {"pod-template-hash", "controller-revision-hash", "pod-template-generation",
                                          "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"};

const Json* controllerOf(const Json& pod) {
    for (const auto& owner : valueAt(pod, "/metadata/ownerReferences"))
        if (valueAt(owner, "/controller") == true) return &owner;
    return nullptr;
}

/// "web" of the Pod "web-6d4f-x7x" of the ReplicaSet "web-6d4f".
std::string workloadOf(const Json& pod) {
    const auto* owner = controllerOf(pod);
    if (!owner) return textAt(pod, "/metadata/name");
    auto name = textAt(*owner, "/name");
    auto hash = "-" + textAt(pod, "/metadata/labels/pod-template-hash");
    bool ofDeployment = textAt(*owner, "/kind") == "ReplicaSet" && hash.size() > 1 && name.ends_with(hash);
    return ofDeployment ? name.substr(0, name.size() - hash.size()) : name;
}

std::string podsPath(const std::string& ns, const std::string& selector) {
    auto path = "/api/v1/namespaces/" + percentEncode(ns) + "/pods?limit=" + std::to_string(perPage);
    return selector.empty() ? path : path + "&labelSelector=" + percentEncode(selector);
}

std::string uidOf(const Json& pod) {
    return textAt(pod, "/metadata/uid");
}

struct Counted {
    std::int64_t ready = 0;
    std::int64_t leaving = 0;  ///< of the ready ones
};

Counted countReady(const std::vector<Json>& pods, const std::set<std::string>& leaving) {
    Counted counted;
    for (const auto& pod : pods) {
        if (!isReady(pod)) continue;
        ++counted.ready;
        counted.leaving += leaving.contains(uidOf(pod));
    }
    return counted;
}

/// The Pods of one namespace that go.
struct Group {
    std::string ns;
    std::vector<Json> pods;
    std::set<std::string> uids;
};

std::vector<Group> byNamespace(std::vector<Json> leaving) {
    std::map<std::string, Group> groups;
    for (auto& pod : leaving) {
        auto ns = textAt(pod, "/metadata/namespace");
        auto& group = groups[ns];
        group.ns = ns;
        group.uids.insert(uidOf(pod));
        group.pods.push_back(std::move(pod));
    }
    std::vector<Group> all;
    for (auto& [ns, group] : groups) all.push_back(std::move(group));
    return all;
}

Task<void> lookForBudgets(Control& control, Caller caller, std::string cluster, const Group& group, Disruption& found) {
    auto path = "/apis/policy/v1/namespaces/" + percentEncode(group.ns) + "/poddisruptionbudgets";
    auto body = co_await control.askCluster(caller, cluster, std::move(path), asJson);
    if (!body && body.error().code == ErrorCode::NotFound) co_return;
    if (!body) {
        found.unknown.push_back("disruption budgets: " + body.error().message);
        co_return;
    }
    auto list = Json::parse(*body, nullptr, false);
    for (auto& budget : brokenBudgets(valueAt(list, "/items"), group.pods)) found.budgets.push_back(std::move(budget));
}

Task<void> lookForLast(Control& control, Caller caller, std::string cluster, const Group& group, Disruption& found) {
    std::map<std::string, std::string> workloads;  // name by selector
    for (const auto& pod : group.pods) {
        if (!isReady(pod)) continue;
        auto selector = siblingSelector(pod);
        if (selector.empty())
            found.last.push_back({group.ns, workloadOf(pod), 1});
        else
            workloads.emplace(std::move(selector), workloadOf(pod));
    }
    for (const auto& [selector, name] : workloads) {
        auto pods = co_await allPods(control, caller, cluster, podsPath(group.ns, selector));
        if (!pods) {
            found.unknown.push_back("other Pods of " + name + ": " + pods.error().message);
            continue;
        }
        auto counted = countReady(*pods, group.uids);
        if (counted.leaving > 0 && counted.leaving == counted.ready)
            found.last.push_back({group.ns, name, counted.leaving});
    }
}

Task<void> lookForMinimum(Control& control, Caller caller, std::string cluster, const Group& group,
                          const access::Limit& limit, Disruption& found) {
    auto pods = co_await allPods(control, caller, cluster, podsPath(group.ns, limit.selector));
    if (!pods) {
        found.unknownMinimum.push_back("the Pods of " + group.ns + " cannot be counted: " + pods.error().message);
        co_return;
    }
    auto counted = countReady(*pods, group.uids);
    auto left = counted.ready - counted.leaving;
    if (counted.leaving > 0 && left < *limit.minHealthy)
        found.tooFew.push_back({group.ns, limit.selector, *limit.minHealthy, counted.ready, left});
}

}  // namespace

Task<Result<std::vector<Json>>> allPods(Control& control, Caller caller, std::string cluster, std::string path) {
    std::vector<Json> pods;
    std::string more;
    for (std::size_t page = 0; page < mostPages; ++page) {
        auto body = co_await control.askCluster(caller, cluster, path + more, asJson);
        if (!body) co_return fail(std::move(body).error());
        auto list = Json::parse(*body, nullptr, false);
        if (!list.is_object()) co_return fail(ErrorCode::Unavailable, "the API server gave no list", cluster);
        for (const auto& pod : valueAt(list, "/items")) pods.push_back(pod);
        auto next = textAt(list, "/metadata/continue");
        if (next.empty()) co_return pods;
        more = "&continue=" + percentEncode(next);
    }
    co_return fail(ErrorCode::ResourceExhausted, fmt::format("there are more than {} Pods", perPage * mostPages),
                   cluster);
}

bool isReady(const Json& pod) {
    if (!valueAt(pod, "/metadata/deletionTimestamp").is_null()) return false;
    for (const auto& condition : valueAt(pod, "/status/conditions"))
        if (textAt(condition, "/type") == "Ready") return textAt(condition, "/status") == "True";
    return false;
}

bool leavesWithItsNode(const Json& pod) {
    auto phase = textAt(pod, "/status/phase");
    bool ended = phase == "Succeeded" || phase == "Failed" || !valueAt(pod, "/metadata/deletionTimestamp").is_null();
    // https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror
    bool mirror = !textAt(pod, "/metadata/annotations/kubernetes.io~1config.mirror").empty();
    const auto* owner = controllerOf(pod);
    return !ended && !mirror && !(owner && textAt(*owner, "/kind") == "DaemonSet");
}

std::string siblingSelector(const Json& pod) {
    if (!controllerOf(pod)) return {};
    std::string text;
    for (const auto& [key, value] : valueAt(pod, "/metadata/labels").items()) {
        bool own = std::ranges::find(ownLabels, key) != std::end(ownLabels);
        if (!own && value.is_string()) text += (text.empty() ? "" : ",") + key + "=" + value.get<std::string>();
    }
    return text;
}

std::vector<Disruption::Budget> brokenBudgets(const Json& budgets, const std::vector<Json>& leaving) {
    std::vector<Disruption::Budget> broken;
    for (const auto& item : budgets) {
        Disruption::Budget budget{textAt(item, "/metadata/namespace"), textAt(item, "/metadata/name"), 0, 0};
        const auto& allowed = valueAt(item, "/status/disruptionsAllowed");
        if (allowed.is_number_integer()) budget.allowed = allowed.get<std::int64_t>();
        for (const auto& pod : leaving) {
            bool meant = textAt(pod, "/metadata/namespace") == budget.ns &&
                         selects(valueAt(item, "/spec/selector"), valueAt(pod, "/metadata/labels"));
            budget.leaving += meant && isReady(pod);
        }
        if (budget.leaving > budget.allowed) broken.push_back(std::move(budget));
    }
    return broken;
}

Task<Disruption> disruptionBy(Control& control, Caller caller, std::string cluster, std::vector<Json> leaving,
                              std::vector<access::Limit> limits) {
    Disruption found;
    auto groups = byNamespace(std::move(leaving));
    for (const auto& group : groups) {
        co_await lookForBudgets(control, caller, cluster, group, found);
        co_await lookForLast(control, caller, cluster, group, found);
        access::Place place{cluster, group.ns, "pods", {}, false};
        for (const auto& limit : limits)
            if (limit.minHealthy && access::covers(limit, place))
                co_await lookForMinimum(control, caller, cluster, group, limit, found);
    }
    co_return found;
}

std::string describe(const Disruption::Budget& budget, bool chinese) {
    return chinese ? fmt::format("干扰预算 {}/{} 目前允许离开 {} 个 Pod，而这会带走 {} 个", budget.ns, budget.name,
                                 budget.allowed, budget.leaving)
                   : fmt::format("the disruption budget {}/{} allows {} of its Pods to go now, and this takes {}",
                                 budget.ns, budget.name, budget.allowed, budget.leaving);
}

std::string describe(const Disruption::Last& last, bool chinese) {
    return chinese ? fmt::format("{}/{} 最后 {} 个就绪的 Pod 会消失", last.ns, last.name, last.leaving)
                   : fmt::format("no ready Pod of {}/{} stays: the last {} would go", last.ns, last.name, last.leaving);
}

std::string describe(const Disruption::TooFew& minimum, bool chinese) {
    auto which = minimum.selector.empty() ? std::string() : " (" + minimum.selector + ")";
    return chinese
               ? fmt::format("`min_healthy` 限制：命名空间 {}{} 至少要有 {} 个就绪的 Pod，现有 {} 个，之后只剩 {} 个",
                             minimum.ns, which, minimum.least, minimum.ready, minimum.left)
               : fmt::format(
                     "the limit `min_healthy`: {} ready Pods must be left in namespace {}{}; there are {}, "
                     "and {} would be left",
                     minimum.least, minimum.ns, which, minimum.ready, minimum.left);
}

}  // namespace klaw::operate
