#include "agent/operate/rollout_look.hpp"

#include "agent/operate/cluster_api.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";

}  // namespace

Task<Result<RolloutStatus>> lookAtRollout(Control& control, Caller caller, Plan plan, bool chinese) {
    auto object = co_await control.askCluster(caller, plan.cluster, plan.path, asJson);
    if (!object) co_return fail(std::move(object).error());
    if (!isCluster(plan)) co_return rolloutStatus(*object, chinese);
    auto path = clusterApiPath(plan.ns, "machines") +
                "?limit=500&labelSelector=" + percentEncode("cluster.x-k8s.io/cluster-name=" + plan.name);
    auto machines = co_await control.askCluster(std::move(caller), plan.cluster, std::move(path), asJson);
    if (!machines) co_return fail(std::move(machines).error());
    auto cluster = Json::parse(*object, nullptr, false), list = Json::parse(*machines, nullptr, false);
    co_return clusterRollout(cluster, list, chinese);
}

}  // namespace klaw::operate
