#include "agent/security/bootstrap_policy.hpp"

#include <algorithm>
#include <span>

#include "agent/security/pod_view.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

constexpr std::string_view clusterRoles[] = {
    "admin",
    "cluster-admin",
    "edit",
    "view",
    "system:aggregate-to-admin",
    "system:aggregate-to-edit",
    "system:aggregate-to-view",
    "system:auth-delegator",
    "system:basic-user",
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    "system:certificates.k8s.io:kube-apiserver-client-approver",
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    "system:certificates.k8s.io:kubelet-serving-approver",
    "system:certificates.k8s.io:legacy-unknown-approver",
    "system:cluster-trust-bundle-discovery",
    "system:discovery",
    "system:heapster",
    "system:kube-aggregator",
    "system:kube-controller-manager",
    "system:kube-dns",
    "system:kube-scheduler",
    "system:kubelet-api-admin",
    "system:monitoring",
    "system:node",
    "system:node-bootstrapper",
    "system:node-problem-detector",
    "system:node-proxier",
    "system:persistent-volume-provisioner",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
    "system:volume-scheduler",
};

/// Each has a cluster role "system:controller:NAME", bound to the service account of that name.
constexpr std::string_view controllers[] = {
    "attachdetach-controller",
    "certificate-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "endpointslicemirroring-controller",
    "ephemeral-volume-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "route-controller",
    "selinux-warning-controller",
    "service-account-controller",
    "service-cidrs-controller",
    "service-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
    "ttl-controller",
    "validatingadmissionpolicy-status-controller",
    "volumeattributesclass-protection-controller",
};
constexpr std::string_view ofController = "system:controller:";

struct NamespacedRole {
    std::string_view ns, name;
};
constexpr NamespacedRole roles[] = {
    {"kube-public", "system:controller:bootstrap-signer"},
    {"kube-system", "system:controller:bootstrap-signer"},
    {"kube-system", "system:controller:cloud-provider"},
    {"kube-system", "system:controller:token-cleaner"},
    {"kube-system", "extension-apiserver-authentication-reader"},
    {"kube-system", "system::leader-locking-kube-controller-manager"},
    {"kube-system", "system::leader-locking-kube-scheduler"},
};

/// Who has the role beside the controllers.
struct Grant {
    std::string_view role, kind, ns, name;
};
constexpr Grant grants[] = {
    {"cluster-admin", "Group", "", "system:masters"},
    {"system:basic-user", "Group", "", "system:authenticated"},
    {"system:discovery", "Group", "", "system:authenticated"},
    {"system:kube-controller-manager", "User", "", "system:kube-controller-manager"},
    {"system:kube-dns", "ServiceAccount", "kube-system", "kube-dns"},
    {"system:kube-scheduler", "User", "", "system:kube-scheduler"},
    {"system:monitoring", "Group", "", "system:monitoring"},
    {"system:node-proxier", "User", "", "system:kube-proxy"},
    {"system:public-info-viewer", "Group", "", "system:authenticated"},
    {"system:public-info-viewer", "Group", "", "system:unauthenticated"},
    {"system:service-account-issuer-discovery", "Group", "", "system:serviceaccounts"},
    {"system:volume-scheduler", "User", "", "system:kube-scheduler"},
    {"extension-apiserver-authentication-reader", "User", "", "system:kube-controller-manager"},
    {"extension-apiserver-authentication-reader", "User", "", "system:kube-scheduler"},
    {"system::leader-locking-kube-controller-manager", "User", "", "system:kube-controller-manager"},
    {"system::leader-locking-kube-controller-manager", "ServiceAccount", "kube-system", "kube-controller-manager"},
    {"system::leader-locking-kube-controller-manager", "ServiceAccount", "kube-system", "leader-election-controller"},
    {"system::leader-locking-kube-scheduler", "User", "", "system:kube-scheduler"},
    {"system::leader-locking-kube-scheduler", "ServiceAccount", "kube-system", "kube-scheduler"},
};

bool isAmong(std::string_view kind, std::string_view ns, std::string_view name) {
    if (kind == "Role")
        return std::ranges::any_of(roles, [&](const auto& role) { return role.ns == ns && role.name == name; });
    if (kind != "ClusterRole") return false;
    bool isController = name.starts_with(ofController) &&
                        std::ranges::find(controllers, name.substr(ofController.size())) != std::end(controllers);
    return isController || std::ranges::find(clusterRoles, name) != std::end(clusterRoles);
}

/// A binding has the name of its role but for one.
bool hasItsName(const Inventory::Binding& binding) {
    bool isOfReader = binding.role == "extension-apiserver-authentication-reader" &&
                      binding.subject.name == "system::extension-apiserver-authentication-reader";
    return isOfReader || binding.subject.name == binding.role;
}

}  // namespace

bool hasBootstrapLabel(const Json& object) {
    return textAt(memberAt(object, "metadata.labels"), "kubernetes.io/bootstrapping") == "rbac-defaults";
}

bool isBootstrapRole(const Subject& role, const Json& object) {
    return hasBootstrapLabel(object) && isAmong(role.kind, role.ns, role.name);
}

bool isBootstrapSubject(const Inventory::Binding& binding, const Inventory::BoundSubject& subject) {
    bool isOfCluster = binding.subject.kind == "ClusterRoleBinding" && binding.roleKind == "ClusterRole";
    bool isOfNamespace = binding.subject.kind == "RoleBinding" && binding.roleKind == "Role";
    if (!isOfCluster && !isOfNamespace) return false;
    if (!hasItsName(binding) || !isAmong(binding.roleKind, binding.subject.ns, binding.role)) return false;
    bool isController = binding.role.starts_with(ofController) && subject.kind == "ServiceAccount" &&
                        subject.ns == "kube-system" && subject.name == binding.role.substr(ofController.size());
    return isController || std::ranges::any_of(grants, [&](const Grant& grant) {
               return grant.role == binding.role && grant.kind == subject.kind && grant.ns == subject.ns &&
                      grant.name == subject.name;
           });
}

}  // namespace klaw::security
