#include "agent/backup/object_filter.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text/json_fields.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

const Json& metadataOf(const Json& object) {
    return at(object, "metadata");
}

std::string labelOf(const Json& object, const char* name) {
    return textAt(at(metadataOf(object), "labels"), name);
}

std::string annotationOf(const Json& object, const char* name) {
    return textAt(at(metadataOf(object), "annotations"), name);
}

/// A custom resource may own what it does not make again, so only the controllers of Kubernetes count.
bool hasController(const Json& object) {
    static constexpr std::array<std::string_view, 9> makers{"Deployment", "ReplicaSet", "StatefulSet",
                                                            "DaemonSet",  "Job",        "CronJob",
                                                            "Service",    "Node",       "ReplicationController"};
    for (const auto& owner : at(metadataOf(object), "ownerReferences")) {
        auto version = textAt(owner, "apiVersion");
        bool builtIn = version == "v1" || version.starts_with("apps/") || version.starts_with("batch/");
        if (flagAt(owner, "controller", false) && builtIn &&
            std::ranges::find(makers, textAt(owner, "kind")) != makers.end())
            return true;
    }
    return false;
}

bool isOfTheClusterItself(const std::string& resource, const std::string& ns, const std::string& name) {
    if (resource == "configmaps") return name == "kube-root-ca.crt";
    bool service = resource == "services" || resource == "endpoints" || resource == "endpointslices.discovery.k8s.io";
    if (service) return ns == "default" && name == "kubernetes";
    if (resource == "priorityclasses.scheduling.k8s.io") return name.starts_with("system-");
    return false;
}

bool isDefaultOfTheServer(const Json& object) {
    return labelOf(object, "kubernetes.io/bootstrapping") == "rbac-defaults" ||
           !labelOf(object, "kube-aggregator.kubernetes.io/automanaged").empty() ||
           annotationOf(object, "apf.kubernetes.io/autoupdate-spec") == "true";
}

bool isOfAService(const std::string& resource, const Json& object) {
    if (resource == "endpointslices.discovery.k8s.io")
        return labelOf(object, "endpointslice.kubernetes.io/managed-by").ends_with(".k8s.io");
    return resource == "endpoints" &&
           (!labelOf(object, "endpoints.kubernetes.io/managed-by").empty() ||
            !annotationOf(object, "endpoints.kubernetes.io/last-change-trigger-time").empty());
}

}  // namespace

std::string_view leftOutBecause(const Kind& kind, const Json& object) {
    const auto& metadata = metadataOf(object);
    auto resource = kind.resource(), ns = textAt(metadata, "namespace"), name = textAt(metadata, "name");
    if (metadata.contains("deletionTimestamp")) return "it is being deleted";
    if (hasController(object)) return "its controller makes it";
    if (isOfTheClusterItself(resource, ns, name) || isDefaultOfTheServer(object)) return "every cluster has its own";
    if (isOfAService(resource, object)) return "it is made of a Service";
    if (resource == "secrets" && textAt(object, "type") == "kubernetes.io/service-account-token")
        return "it is a token of this cluster";
    return {};
}

}  // namespace klaw::backup
