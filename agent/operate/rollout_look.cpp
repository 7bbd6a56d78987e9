#include "agent/operate/rollout_look.hpp"

#include "agent/operate/api_kind.hpp"
#include "agent/operate/cluster_api.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";

/// Of a Cluster that a template has made.
Task<Result<Json>> withItsParts(Control& control, Caller caller, Plan plan, Json cluster) {
    auto apiVersion = textAt(cluster, "/spec/controlPlaneRef/apiVersion"),
         kind = textAt(cluster, "/spec/controlPlaneRef/kind");
    auto served = co_await apiKindOf(control, caller, plan.cluster, apiVersion, kind);
    if (!served) co_return fail(std::move(served).error());
    auto name = textAt(cluster, "/spec/controlPlaneRef/name");
    auto path = served->pathIn(apiVersion, plan.ns) + "/" + percentEncode(name);
    std::vector<Question> questions{{plan.cluster, std::move(path)},
                                    {plan.cluster, clusterApiPath(plan.ns, "machinedeployments") + "?limit=500"}};
    auto answers = co_await control.askClusters(std::move(caller), std::move(questions));
    for (auto& answer : answers)
        if (!answer) co_return fail(std::move(answer).error());
    co_return withTopology(std::move(cluster), Json::parse(answers[0]->text, nullptr, false),
                           Json::parse(answers[1]->text, nullptr, false));
}

}  // namespace

Task<Result<RolloutStatus>> lookAtRollout(Control& control, Caller caller, Plan plan, bool chinese) {
    auto object = co_await control.askCluster(caller, plan.cluster, plan.path, asJson);
    if (!object) co_return fail(std::move(object).error());
    if (!isCluster(plan)) co_return rolloutStatus(*object, chinese);
    auto path = clusterApiPath(plan.ns, "machines") +
                "?limit=500&labelSelector=" + percentEncode("cluster.x-k8s.io/cluster-name=" + plan.name);
    auto machines = co_await control.askCluster(caller, plan.cluster, std::move(path), asJson);
    if (!machines) co_return fail(std::move(machines).error());
    auto cluster = Json::parse(*object, nullptr, false), list = Json::parse(*machines, nullptr, false);
    if (valueAt(cluster, "/spec/topology").is_null()) {
        auto whole = co_await withItsParts(control, std::move(caller), std::move(plan), std::move(cluster));
        if (!whole) co_return fail(std::move(whole).error());
        cluster = std::move(*whole);
    }
    co_return clusterRollout(cluster, list, chinese);
}

}  // namespace klaw::operate
