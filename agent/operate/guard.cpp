#include "agent/operate/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "agent/operate/disruption.hpp"
#include "agent/operate/eviction_run.hpp"
#include "agent/operate/label_selector.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

Error overLimit(std::string what, const char* remedy) {
    return Error(ErrorCode::ResourceExhausted, std::move(what), {}, remedy);
}

/// How many Pods of each namespace a change touches.
using Touched = std::map<std::string, std::int64_t>;

/// Where it is: a namespace itself is within itself.
access::Place placeOf(const Plan& plan) {
    auto place = plan.path.empty() ? access::Place{plan.cluster, {}, {}, {}, false}
                                   : access::placeOfPath(plan.cluster, plan.path);
    if (!plan.ns.empty()) place.ns = plan.ns;
    return place;
}

/// Of several objects, or of what Pods there are, only the cluster is known before each of them is looked at.
bool isOfManyPlaces(const Plan& plan, const Impact& impact) {
    return !plan.parts.empty() || impact.loss == Impact::Loss::OnNode;
}

std::vector<access::Limit> limitsOf(std::vector<access::Limit> limits, const Plan& plan, const Impact& impact) {
    auto place = placeOf(plan);
    bool many = isOfManyPlaces(plan, impact);
    std::erase_if(limits, [&](const access::Limit& limit) {
        auto looked = limit;
        if (many) looked.namespaces.clear();
        return !access::covers(looked, place);
    });
    return limits;
}

Touched touchedBy(const Plan& plan, const Impact& impact) {
    if (plan.parts.empty()) return {{placeOf(plan).ns, impact.pods}};
    Touched touched;
    for (const auto& part : plan.parts) touched[part.ns] += plan.evictsFor ? 1 : impactOf(part).pods;
    return touched;
}

Touched touchedBy(const std::vector<Json>& pods) {
    Touched touched;
    for (const auto& pod : pods) ++touched[textAt(pod, "/metadata/namespace")];
    return touched;
}

Result<void> notTooMany(const std::vector<access::Limit>& limits, const Plan& plan, const Touched& touched,
                        bool chinese) {
    for (const auto& limit : limits) {
        if (!limit.podsPerChange) continue;
        std::int64_t pods = 0;
        for (const auto& [ns, count] : touched)
            if (access::covers(limit, {plan.cluster, ns, {}, {}, false})) pods += count;
        if (pods <= *limit.podsPerChange) continue;
        return fail(overLimit(
            fmt::format(fmt::runtime(chinese ? "`pods_per_change` 限制：一次变更最多涉及 {} 个 Pod，而 {} 涉及 {} 个"
                                             : "the limit `pods_per_change`: one change touches at most {} Pods, and "
                                               "this one of {} touches {}"),
                        *limit.podsPerChange, plan.kind + " " + plan.name, pods),
            "change it in smaller steps, or let an administrator raise the limit under `limits` in the "
            "configuration"));
    }
    return {};
}

/// Those that have not ended of themselves.
std::vector<Json> alive(std::vector<Json> pods) {
    std::erase_if(pods, [](const Json& pod) {
        auto phase = textAt(pod, "/status/phase");
        return phase == "Succeeded" || phase == "Failed";
    });
    return pods;
}

/// Those that go: of a workload that becomes smaller the ones that are not ready first, as its controller does it.
Task<Result<std::vector<Json>>> leavingPods(Control& control, Caller caller, const Plan& plan, const Impact& impact) {
    std::vector<Json> pods;
    if (impact.loss == Impact::Loss::Itself) {
        pods.push_back(Json::parse(plan.before, nullptr, false));
        co_return pods;
    }
    if (impact.loss == Impact::Loss::Parts) {
        for (const auto& part : plan.parts)
            if (auto pod = Json::parse(part.before, nullptr, false); pod.is_object()) pods.push_back(std::move(pod));
        co_return pods;
    }
    if (impact.loss == Impact::Loss::Inside) {
        auto path = "/api/v1/namespaces/" + percentEncode(plan.name) + "/pods?limit=500";
        auto inside = co_await allPods(control, std::move(caller), plan.cluster, std::move(path));
        if (!inside) co_return fail(std::move(inside).error());
        co_return alive(std::move(*inside));
    }
    if (impact.loss == Impact::Loss::OnNode) {
        auto there = co_await allPods(control, std::move(caller), plan.cluster, pathOfPodsOn(plan.name));
        if (!there) co_return fail(std::move(there).error());
        std::erase_if(*there, [&](const Json& pod) { return !isEndedBy(impact.taints, pod); });
        co_return alive(std::move(*there));
    }
    auto selector = writtenSelector(valueAt(impact.workload, "/spec/selector"));
    if (selector.empty()) co_return pods;
    auto path = "/api/v1/namespaces/" + percentEncode(plan.ns) + "/pods?labelSelector=" + percentEncode(selector);
    auto body = co_await control.askCluster(std::move(caller), plan.cluster, std::move(path), "application/json");
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    for (bool ready : {false, true})
        for (const auto& pod : valueAt(list, "/items"))
            if (valueAt(pod, "/metadata/deletionTimestamp").is_null() && isReady(pod) == ready) pods.push_back(pod);
    auto stay = impact.loss == Impact::Loss::Smaller ? static_cast<std::size_t>(*impact.replicas) : 0;
    pods.resize(pods.size() - std::min(stay, pods.size()));
    co_return pods;
}

/// Of all its objects together: what each alone leaves may be too few for all.
Task<Result<std::vector<Json>>> leavingAll(Control& control, Caller caller, const Plan& plan, const Impact& impact) {
    if (plan.parts.empty() || plan.evictsFor) co_return co_await leavingPods(control, std::move(caller), plan, impact);
    std::vector<Json> all;
    for (const auto& part : plan.parts) {
        auto own = impactOf(part);
        if (own.loss == Impact::Loss::None) continue;
        auto pods = co_await leavingPods(control, caller, part, own);
        if (!pods) co_return fail(std::move(pods).error());
        std::ranges::move(*pods, std::back_inserter(all));
    }
    co_return all;
}

bool losesPods(const Plan& plan, const Impact& impact) {
    if (impact.loss != Impact::Loss::None) return true;
    return !plan.evictsFor &&
           std::ranges::any_of(plan.parts, [](const Plan& part) { return impactOf(part).loss != Impact::Loss::None; });
}

bool replacesItsOnly(const Plan& plan, const Impact& impact) {
    if (plan.evictsFor) return false;
    return impact.single || std::ranges::any_of(plan.parts, [](const Plan& part) { return impactOf(part).single; });
}

}  // namespace

Task<Result<std::vector<std::string>>> guarded(Control& control, Caller caller, Plan plan, Impact impact) {
    std::vector<std::string> notes;
    auto limits = limitsOf(control.limits(), plan, impact);
    bool chinese = caller.chinese();
    // Of a namespace or a node only the list of its Pods says how many there are.
    bool listed = impact.loss == Impact::Loss::Inside || impact.loss == Impact::Loss::OnNode;
    if (!listed)
        if (auto fine = notTooMany(limits, plan, touchedBy(plan, impact), chinese); !fine)
            co_return fail(std::move(fine).error());
    if (replacesItsOnly(plan, impact))
        notes.push_back(chinese ? "只有一个副本：旧 Pod 会保留到新 Pod 就绪"
                                : "its only replica is replaced: the old Pod stays until the new one is ready");
    if (!losesPods(plan, impact)) co_return notes;
    bool protects =
        std::ranges::any_of(limits, [](const access::Limit& limit) { return limit.minHealthy.has_value(); });
    bool counts = listed && std::ranges::any_of(
                                limits, [](const access::Limit& limit) { return limit.podsPerChange.has_value(); });
    bool keepsBudgets = std::ranges::any_of(limits, &access::Limit::budgets);
    auto leaving = co_await leavingAll(control, caller, plan, impact);
    if (!leaving && (protects || counts))
        co_return fail(overLimit(fmt::format("the limit `{}` cannot be looked at: {}",
                                             protects ? "min_healthy" : "pods_per_change", leaving.error().message),
                                 "nothing was done; try again when the cluster answers"));
    if (!leaving) co_return notes;
    if (listed)
        if (auto fine = notTooMany(limits, plan, touchedBy(*leaving), chinese); !fine)
            co_return fail(std::move(fine).error());
    auto found = co_await disruptionBy(control, std::move(caller), plan.cluster, std::move(*leaving), limits);
    if (!found.unknownMinimum.empty())
        co_return fail(overLimit("the limit `min_healthy` cannot be looked at: " + found.unknownMinimum.front(),
                                 "nothing was done; try again when the cluster answers"));
    if (!found.tooFew.empty())
        co_return fail(overLimit(describe(found.tooFew.front(), chinese),
                                 "wait until more Pods are ready, or let an administrator lower the limit under "
                                 "`limits` in the configuration"));
    // Eviction is refused by the API server itself, and what makes a workload smaller is not what budgets are about.
    bool deletes = impact.loss == Impact::Loss::Itself && !impact.evicts;
    if (deletes && keepsBudgets && !found.budgets.empty())
        co_return fail(overLimit(describe(found.budgets.front(), chinese),
                                 "`evict` waits for the budget; to delete it all the same, let an administrator take "
                                 "`disruption_budgets` from `limits` in the configuration"));
    bool evident = impact.replicas == 0 || impact.loss == Impact::Loss::Inside ||
                   valueAt(impact.workload, "/spec/strategy/type") == "Recreate";
    for (const auto& last : found.last)
        if (!evident) notes.push_back(describe(last, chinese));
    if (deletes)
        for (const auto& budget : found.budgets) notes.push_back(describe(budget, chinese));
    for (const auto& unknown : found.unknown)
        notes.push_back((chinese ? "无法得知：" : "it could not be found out: ") + unknown);
    co_return notes;
}

}  // namespace klaw::operate
