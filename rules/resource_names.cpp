#include "rules/resource_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

struct BuiltIn {
    std::string_view canonical;
    std::string_view kind;
    std::string_view shortName = {};
    bool namespaced = true;
};

constexpr std::array builtIns{
    BuiltIn{"pods", "Pod", "po"},
    BuiltIn{"nodes", "Node", "no", false},
    BuiltIn{"namespaces", "Namespace", "ns", false},
    BuiltIn{"services", "Service", "svc"},
    BuiltIn{"endpoints", "Endpoints", "ep"},
    BuiltIn{"configmaps", "ConfigMap", "cm"},
    BuiltIn{"secrets", "Secret"},
    BuiltIn{"events", "Event", "ev"},
    BuiltIn{"persistentvolumeclaims", "PersistentVolumeClaim", "pvc"},
    BuiltIn{"persistentvolumes", "PersistentVolume", "pv", false},
    BuiltIn{"replicationcontrollers", "ReplicationController", "rc"},
    BuiltIn{"resourcequotas", "ResourceQuota", "quota"},
    BuiltIn{"serviceaccounts", "ServiceAccount", "sa"},
    BuiltIn{"deployments.apps", "Deployment", "deploy"},
    BuiltIn{"statefulsets.apps", "StatefulSet", "sts"},
    BuiltIn{"daemonsets.apps", "DaemonSet", "ds"},
    BuiltIn{"replicasets.apps", "ReplicaSet", "rs"},
    BuiltIn{"jobs.batch", "Job"},
    BuiltIn{"cronjobs.batch", "CronJob", "cj"},
    BuiltIn{"horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler", "hpa"},
    BuiltIn{"poddisruptionbudgets.policy", "PodDisruptionBudget", "pdb"},
    BuiltIn{"ingresses.networking.k8s.io", "Ingress", "ing"},
    BuiltIn{"networkpolicies.networking.k8s.io", "NetworkPolicy", "netpol"},
    BuiltIn{"endpointslices.discovery.k8s.io", "EndpointSlice"},
    BuiltIn{"storageclasses.storage.k8s.io", "StorageClass", "sc", false},
    BuiltIn{"volumeattachments.storage.k8s.io", "VolumeAttachment", {}, false},
    BuiltIn{"leases.coordination.k8s.io", "Lease"},
    BuiltIn{"certificatesigningrequests.certificates.k8s.io", "CertificateSigningRequest", "csr", false},
    BuiltIn{"apiservices.apiregistration.k8s.io", "APIService", {}, false},
    BuiltIn{"customresourcedefinitions.apiextensions.k8s.io", "CustomResourceDefinition", "crd", false},
    BuiltIn{
        "validatingwebhookconfigurations.admissionregistration.k8s.io", "ValidatingWebhookConfiguration", {}, false},
    BuiltIn{"mutatingwebhookconfigurations.admissionregistration.k8s.io", "MutatingWebhookConfiguration", {}, false},
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view pluralOf(const BuiltIn& resource) {
    return resource.canonical.substr(0, resource.canonical.find('.'));
}

std::string plural(const std::string& singular) {
    if (singular.ends_with("s") || singular.ends_with("x") || singular.ends_with("ch")) return singular + "es";
    if (singular.ends_with("y") && !singular.ends_with("ey") && !singular.ends_with("ay"))
        return singular.substr(0, singular.size() - 1) + "ies";
    return singular + "s";
}

/// "example.com" of "example.com/v1"; empty for the core group's "v1".
std::string_view groupOf(std::string_view apiVersion) {
    auto slash = apiVersion.find('/');
    return slash == std::string_view::npos ? std::string_view() : apiVersion.substr(0, slash);
}

std::string_view groupOfResource(std::string_view canonical) {
    auto dot = canonical.find('.');
    return dot == std::string_view::npos ? std::string_view() : canonical.substr(dot + 1);
}

bool isResourceName(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.back() != '.' && std::ranges::all_of(name, [](unsigned char c) {
        return std::islower(c) || std::isdigit(c) || c == '.' || c == '-';
    });
}

}  // namespace

std::optional<std::string> canonicalResource(std::string_view name) {
    auto wanted = lower(name);
    for (const auto& known : builtIns)
        if (wanted == known.canonical || wanted == pluralOf(known) || wanted == lower(known.kind) ||
            (!known.shortName.empty() && wanted == known.shortName))
            return std::string(known.canonical);
    if (wanted.find('.') == std::string::npos || !isResourceName(name)) return std::nullopt;
    return wanted;
}

std::string resourceOfKind(std::string_view kind, std::string_view apiVersion) {
    auto group = groupOf(apiVersion);
    for (const auto& known : builtIns)
        if (kind == known.kind && (apiVersion.empty() || group == groupOfResource(known.canonical)))
            return std::string(known.canonical);
    if (kind.empty()) return {};
    auto name = plural(lower(kind));
    return group.empty() ? name : name + "." + std::string(group);
}

std::string_view kindOfResource(std::string_view canonical) {
    for (const auto& known : builtIns)
        if (canonical == known.canonical) return known.kind;
    return {};
}

bool isNamespaced(std::string_view canonical) {
    auto known = std::ranges::find(builtIns, canonical, &BuiltIn::canonical);
    return known == builtIns.end() || known->namespaced;
}

std::optional<std::string_view> nearestResource(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& known : builtIns) names.push_back(pluralOf(known));
    return nearest(lower(name), names);
}

}  // namespace klaw::rules
