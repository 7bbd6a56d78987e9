#include "agent/operate/cluster_api.hpp"

#include "agent/operate/cluster_choice.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";

std::string titleIn(const Json& cluster) {
    return textAt(cluster, "/metadata/namespace") + "/" + textAt(cluster, "/metadata/name");
}

/// The namespace of the only Cluster of that name.
Task<Result<std::string>> namespaceOfCluster(Control& control, Caller caller, std::string cluster, std::string name) {
    auto path = clusterApiPath({}, "clusters") + "?limit=500&fieldSelector=" + percentEncode("metadata.name=" + name);
    auto body = co_await control.askCluster(std::move(caller), cluster, path, asJson);
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    const auto& found = listAt(list, "/items");
    if (found.empty())
        co_return fail(ErrorCode::NotFound, "Cluster API has no Cluster \"" + name + "\" in " + cluster, {},
                       "the cluster where it is managed is named by --cluster; for one that Cluster API does not "
                       "manage see `cluster preflight`");
    if (found.size() == 1) co_return textAt(found.front(), "/metadata/namespace");
    std::string all;
    for (const auto& each : found) all += (all.empty() ? "" : ", ") + titleIn(each);
    co_return fail(ErrorCode::InvalidArgument, "there are several Clusters \"" + name + "\": " + all, {},
                   "add -n NAMESPACE");
}

}  // namespace

std::string clusterApiPath(const std::string& ns, const std::string& plural) {
    return "/apis/" + std::string(clusterApiVersion) + (ns.empty() ? "" : "/namespaces/" + percentEncode(ns)) + "/" +
           plural;
}

bool isCluster(const Plan& plan) {
    return plan.kind == "Cluster" && plan.path.starts_with("/apis/cluster.x-k8s.io/");
}

Task<Result<void>> requireClusterApi(Control& control, Caller caller, std::string cluster) {
    auto group = co_await control.askCluster(std::move(caller), cluster, "/apis/cluster.x-k8s.io", asJson);
    bool absent = !group && group.error().code == ErrorCode::NotFound;
    if (absent)
        co_return fail(
            ErrorCode::Unsupported, "Cluster API is not installed in " + cluster, {},
            "`clusterctl init --infrastructure PROVIDER` installs it with the provider of your machines "
            "(https://cluster-api.sigs.k8s.io/user/quick-start); --cluster names another management cluster");
    if (!group) co_return fail(std::move(group).error());
    auto served = Json::parse(*group, nullptr, false);
    for (const auto& version : listAt(served, "/versions"))
        if (textAt(version, "/groupVersion") == clusterApiVersion) co_return Result<void>();
    co_return fail(ErrorCode::Unsupported,
                   "Cluster API in " + cluster + " does not serve " + std::string(clusterApiVersion), {},
                   "Cluster API 1.0 to 1.11 do");
}

Task<Result<PlannedObject>> managedCluster(Control& control, Caller caller, CommandLine line) {
    if (line.arguments.empty())
        co_return fail(ErrorCode::InvalidArgument, line.verb + " needs the name of a Cluster", {},
                       "`cluster list` shows those that Cluster API manages");
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    if (auto there = co_await requireClusterApi(control, caller, *cluster); !there)
        co_return fail(std::move(there).error());
    PlannedObject found;
    auto& plan = found.plan;
    plan.cluster = *cluster;
    plan.kind = "Cluster";
    plan.name = line.arguments.front();
    found.words.assign(line.arguments.begin() + 1, line.arguments.end());
    plan.ns = line.option("namespace").value_or("");
    if (plan.ns.empty()) {
        auto ns = co_await namespaceOfCluster(control, caller, *cluster, plan.name);
        if (!ns) co_return fail(std::move(ns).error());
        plan.ns = *ns;
    }
    plan.path = plan.evidence = clusterApiPath(plan.ns, "clusters") + "/" + percentEncode(plan.name);
    auto body = co_await control.askCluster(std::move(caller), *cluster, plan.path, asJson);
    if (!body) co_return fail(std::move(body).error());
    found.json = Json::parse(*body, nullptr, false);
    plan.uid = textAt(found.json, "/metadata/uid");
    if (plan.uid.empty()) co_return fail(ErrorCode::Unavailable, "the API server gave no object", *cluster);
    plan.state = stateOf(found.json, {});
    plan.before = std::move(*body);
    co_return found;
}

}  // namespace klaw::operate
