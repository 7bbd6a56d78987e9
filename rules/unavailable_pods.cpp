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

std::optional<std::set<std::string>> UnavailablePods::nodesOf(const Alert& alert, TimePoint now) {
    auto& seen = seen_[alert.cluster];
    if (!seen.any || now < seen.at || seen.at + fresh <= now) seen = look(alert.cluster, now);
    if (!seen.any) return std::nullopt;
    auto known = seen.nodes.find(workloadOf(alert));
    return known == seen.nodes.end() ? std::set<std::string>() : known->second;
}

UnavailablePods::Seen UnavailablePods::look(std::string_view cluster, TimePoint now) const {
    Seen seen{now, false, {}};
    objects_.forEach(cluster, "pods", [&](PackedView pod) {
        seen.any = true;
        if (isMissed(pod)) seen.nodes[keyOf(ownerOf(cluster, "pods", pod))].emplace(pod["spec"]["nodeName"].asString());
    });
    return seen;
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
