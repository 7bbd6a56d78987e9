#include "rules/unavailable_pods.hpp"

#include <utility>

#include "rules/owner.hpp"
#include "rules/resource_names.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

constexpr std::string_view autoscalers = "horizontalpodautoscalers.autoscaling";

std::string keyOf(const ObjectRef& workload) {
    return workload.resource + "/" + workload.ns + "/" + workload.name;
}

bool isReady(PackedView pod) {
    for (auto condition : pod["status"]["conditions"])
        if (condition["type"].asString() == "Ready") return condition["status"].asString() == "True";
    return false;
}

/// A Pod that its workload waits for.
bool isMissed(PackedView pod) {
    if (pod["metadata"]["deletionTimestamp"]) return false;
    auto phase = pod["status"]["phase"].asString();
    return phase != "Succeeded" && phase != "Failed" && !isReady(pod);
}

}  // namespace

void UnavailablePods::note(const Change& change) {
    if (change.resource != "pods") return;
    auto known = clusters_.find(change.cluster);
    if (known == clusters_.end()) known = clusters_.emplace(change.cluster, Cluster()).first;
    auto& cluster = known->second;
    std::string uid(change.object["metadata"]["uid"].asString());
    forget(cluster, uid);
    if (change.type == Change::Type::Deleted || !isMissed(change.object)) return;
    Missed pod{keyOf(ownerOf(change.cluster, "pods", change.object)),
               std::string(change.object["spec"]["nodeName"].asString())};
    cluster.nodes[pod.workload].insert(pod.node);
    cluster.pods.emplace(std::move(uid), std::move(pod));
}

void UnavailablePods::forget(Cluster& cluster, const std::string& uid) {
    auto pod = cluster.pods.extract(uid);
    if (!pod) return;
    auto nodes = cluster.nodes.find(pod.mapped().workload);
    nodes->second.erase(nodes->second.find(pod.mapped().node));
    if (nodes->second.empty()) cluster.nodes.erase(nodes);
}

void UnavailablePods::keepClusters(const std::set<std::string, std::less<>>& clusters) {
    std::erase_if(clusters_, [&](const auto& known) { return !clusters.contains(known.first); });
}

std::optional<std::set<std::string>> UnavailablePods::nodesOf(const Alert& alert) const {
    auto cluster = clusters_.find(alert.cluster);
    if (cluster == clusters_.end()) return std::nullopt;
    auto nodes = cluster->second.nodes.find(workloadOf(alert));
    if (nodes == cluster->second.nodes.end()) return std::set<std::string>();
    return std::set<std::string>(nodes->second.begin(), nodes->second.end());
}

std::string UnavailablePods::workloadOf(const Alert& alert) const {
    if (alert.object.resource != autoscalers) return keyOf(alert.object);
    auto scaled = objects_.find(alert.cluster, autoscalers, alert.object.uid)["spec"]["scaleTargetRef"];
    ObjectRef workload;
    workload.resource = resourceOfKind(scaled["kind"].asString(), scaled["apiVersion"].asString());
    workload.ns = alert.object.ns;
    workload.name = scaled["name"].asString();
    return keyOf(workload);
}

}  // namespace klaw::rules
