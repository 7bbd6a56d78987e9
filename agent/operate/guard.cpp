#include "agent/operate/guard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/disruption.hpp"
#include "agent/operate/label_selector.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

Error overLimit(std::string what, const char* remedy) {
    return Error(ErrorCode::ResourceExhausted, std::move(what), {}, remedy);
}

Result<void> notTooMany(const std::vector<access::Limit>& limits, const Plan& plan, const Impact& impact,
                        bool chinese) {
    for (const auto& limit : limits) {
        if (!limit.podsPerChange || impact.pods <= *limit.podsPerChange) continue;
        return fail(overLimit(
            fmt::format(fmt::runtime(chinese ? "`pods_per_change` 限制：一次变更最多涉及 {} 个 Pod，而 {} 涉及 {} 个"
                                             : "the limit `pods_per_change`: one change touches at most {} Pods, and "
                                               "this one of {} touches {}"),
                        *limit.podsPerChange, plan.kind + " " + plan.name, impact.pods),
            "change it in smaller steps, or let an administrator raise the limit under `limits` in the "
            "configuration"));
    }
    return {};
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

}  // namespace

namespace {

/// Each of several objects by itself.
Task<Result<std::vector<std::string>>> guardedParts(Control& control, Caller caller, Plan plan) {
    std::vector<std::string> notes;
    for (const auto& part : plan.parts) {
        auto impact = impactOf(part);
        auto own = co_await guarded(control, caller, part, std::move(impact));
        if (!own) co_return fail(std::move(own).error());
        for (auto& note : *own) notes.push_back(std::move(note));
    }
    co_return notes;
}

}  // namespace

Task<Result<std::vector<std::string>>> guarded(Control& control, Caller caller, Plan plan, Impact impact) {
    std::vector<std::string> notes;
    access::Place place{plan.cluster, plan.ns, {}, {}, false};
    auto limits = control.limits();
    std::erase_if(limits, [&](const access::Limit& limit) { return !access::covers(limit, place); });
    bool chinese = caller.chinese();
    if (auto fine = notTooMany(limits, plan, impact, chinese); !fine) co_return fail(std::move(fine).error());
    if (!plan.parts.empty() && !plan.evictsFor) co_return co_await guardedParts(control, caller, plan);
    if (impact.single)
        notes.push_back(chinese ? "只有一个副本：旧 Pod 会保留到新 Pod 就绪"
                                : "its only replica is replaced: the old Pod stays until the new one is ready");
    if (impact.loss == Impact::Loss::None) co_return notes;
    bool counts = std::ranges::any_of(limits, [](const access::Limit& limit) { return limit.minHealthy.has_value(); });
    bool keepsBudgets = std::ranges::any_of(limits, &access::Limit::budgets);
    auto leaving = co_await leavingPods(control, caller, plan, impact);
    if (!leaving && counts)
        co_return fail(overLimit("the limit `min_healthy` cannot be looked at: " + leaving.error().message,
                                 "nothing was done; try again when the cluster answers"));
    if (!leaving) co_return notes;
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
    bool evident = impact.replicas == 0 || valueAt(impact.workload, "/spec/strategy/type") == "Recreate";
    for (const auto& last : found.last)
        if (!evident) notes.push_back(describe(last, chinese));
    if (deletes)
        for (const auto& budget : found.budgets) notes.push_back(describe(budget, chinese));
    for (const auto& unknown : found.unknown)
        notes.push_back((chinese ? "无法得知：" : "it could not be found out: ") + unknown);
    co_return notes;
}

}  // namespace klaw::operate
