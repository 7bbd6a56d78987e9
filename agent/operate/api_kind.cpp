#include "agent/operate/api_kind.hpp"

#include <algorithm>
#include <array>

#include "agent/operate/data_words.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

struct Known {
    std::string_view group, kind, plural;
    bool namespaced = true;
};

/// Those of every cluster, so that whoever may act in one namespace needs no leave to read what a cluster serves.
constexpr std::array<Known, 33> known{{
    {"", "Pod", "pods"},
    {"", "Service", "services"},
    {"", "ConfigMap", "configmaps"},
    {"", "Secret", "secrets"},
    {"", "ServiceAccount", "serviceaccounts"},
    {"", "PersistentVolumeClaim", "persistentvolumeclaims"},
    {"", "ResourceQuota", "resourcequotas"},
    {"", "LimitRange", "limitranges"},
    {"", "Endpoints", "endpoints"},
    {"", "ReplicationController", "replicationcontrollers"},
    {"", "PersistentVolume", "persistentvolumes", false},
    {"", "Namespace", "namespaces", false},
    {"", "Node", "nodes", false},
    {"apps", "Deployment", "deployments"},
    {"apps", "StatefulSet", "statefulsets"},
    {"apps", "DaemonSet", "daemonsets"},
    {"apps", "ReplicaSet", "replicasets"},
    {"batch", "Job", "jobs"},
    {"batch", "CronJob", "cronjobs"},
    {"autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"},
    {"policy", "PodDisruptionBudget", "poddisruptionbudgets"},
    {"networking.k8s.io", "Ingress", "ingresses"},
    {"networking.k8s.io", "NetworkPolicy", "networkpolicies"},
    {"networking.k8s.io", "IngressClass", "ingressclasses", false},
    {"discovery.k8s.io", "EndpointSlice", "endpointslices"},
    {"coordination.k8s.io", "Lease", "leases"},
    {"rbac.authorization.k8s.io", "Role", "roles"},
    {"rbac.authorization.k8s.io", "RoleBinding", "rolebindings"},
    {"rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", false},
    {"storage.k8s.io", "StorageClass", "storageclasses", false},
    {"scheduling.k8s.io", "PriorityClass", "priorityclasses", false},
    {"apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false},
}};

/// Neither is more than names with a version.
bool isApiVersion(const std::string& text) {
    auto slash = text.find('/');
    if (text.starts_with('.')) return false;
    return slash == text.npos ? isName(text, "")
                              : isName(text.substr(0, slash), "-.") && isName(text.substr(slash + 1), "");
}

std::string rootOf(const std::string& apiVersion) {
    return (apiVersion.find('/') == std::string::npos ? "/api/" : "/apis/") + apiVersion;
}

}  // namespace

std::string ApiKind::pathIn(const std::string& apiVersion, const std::string& ns) const {
    return rootOf(apiVersion) + (namespaced ? "/namespaces/" + percentEncode(ns) : "") + "/" + plural;
}

Task<Result<ApiKind>> apiKindOf(Control& control, Caller caller, std::string cluster, std::string apiVersion,
                                std::string kind) {
    if (!isApiVersion(apiVersion) || !isName(kind, ""))
        co_return fail(ErrorCode::InvalidArgument, "an object without a proper apiVersion and kind", {},
                       "for example: apiVersion: apps/v1, kind: Deployment");
    auto slash = apiVersion.find('/');
    auto group = slash == apiVersion.npos ? std::string() : apiVersion.substr(0, slash);
    auto found =
        std::ranges::find_if(known, [&](const Known& each) { return each.group == group && each.kind == kind; });
    if (found != known.end()) co_return ApiKind{std::string(found->plural), found->namespaced};
    auto unknown = "the cluster has no " + kind + " of " + apiVersion;
    auto body =
        co_await control.askCluster(std::move(caller), std::move(cluster), rootOf(apiVersion), "application/json");
    if (!body && body.error().code == ErrorCode::NotFound)
        co_return fail(ErrorCode::InvalidArgument, unknown, {}, "its CustomResourceDefinition comes first");
    if (!body) co_return fail(std::move(body).error());
    auto list = nlohmann::json::parse(*body, nullptr, false);
    for (const auto& resource : valueAt(list, "/resources")) {
        auto plural = textAt(resource, "/name");
        if (textAt(resource, "/kind") == kind && isName(plural, "-."))
            co_return ApiKind{plural, valueAt(resource, "/namespaced") == true};
    }
    co_return fail(ErrorCode::InvalidArgument, unknown, {}, "its CustomResourceDefinition comes first");
}

}  // namespace klaw::operate
