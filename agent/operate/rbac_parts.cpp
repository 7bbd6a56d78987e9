// What each command and each source of rules needs of the Kubernetes API. What asks for more than stands here is
// refused under the chart's roles: test/e2e/test_chart.py runs every part under them.
#include "agent/operate/rbac.hpp"

namespace klaw::operate {
namespace {

using Words = std::vector<std::string_view>;
using Rules = std::vector<PolicyRule>;
using Profile = std::optional<RbacProfile>;

constexpr std::string_view core, capi = "cluster.x-k8s.io", controlPlanes = "controlplane.cluster.x-k8s.io",
                                 bootstrap = "bootstrap.cluster.x-k8s.io",
                                 infrastructure = "infrastructure.cluster.x-k8s.io", velero = "velero.io", any = "*";
constexpr bool ofCluster = true;
constexpr Profile readOnly = RbacProfile::ReadOnly, operating = RbacProfile::Operator, full = RbacProfile::Full,
                  onRequest = std::nullopt;

RbacPart reading(std::string_view name, std::string_view purpose, Profile from, Rules rules) {
    return {name, purpose, from, false, std::move(rules)};
}

RbacPart changing(std::string_view name, std::string_view purpose, Profile from, Rules rules) {
    return {name, purpose, from, true, std::move(rules)};
}

/// What the default rules are about, but those that are off.
Rules watchedKinds() {
    const Words follow{"list", "watch"};
    return {
        {core, {"events", "persistentvolumeclaims", "pods", "resourcequotas"}, follow},
        {core, {"namespaces", "nodes", "persistentvolumes"}, follow, ofCluster},
        {"apps", {"daemonsets", "deployments", "statefulsets"}, follow},
        {"batch", {"cronjobs", "jobs"}, follow},
        {"autoscaling", {"horizontalpodautoscalers"}, follow},
        {"policy", {"poddisruptionbudgets"}, follow},
        {"apiregistration.k8s.io", {"apiservices"}, follow, ofCluster},
    };
}

/// What lists and `describe` show: the kinds of resourceKinds(), but Secrets.
Rules shownKinds() {
    const Words see{"get", "list"};
    return {
        {core, {"configmaps", "events", "persistentvolumeclaims", "pods", "services"}, see},
        {core, {"namespaces", "nodes"}, see, ofCluster},
        {"apps", {"daemonsets", "deployments", "replicasets", "statefulsets"}, see},
        {"apps", {"controllerrevisions"}, {"list"}},  // `rollout history`
        {"batch", {"cronjobs", "jobs"}, see},
        {"autoscaling", {"horizontalpodautoscalers"}, see},
        {"discovery.k8s.io", {"endpointslices"}, see},
        {"networking.k8s.io", {"ingresses"}, see},
        {"policy", {"poddisruptionbudgets"}, {"list"}},  // what a change would break
    };
}

std::vector<RbacPart> readingParts() {
    const Words look{"list"};
    return {
        reading("watch", "rules about objects and Events", readOnly, watchedKinds()),
        reading("watch-more", "default rules that are off: Services without endpoints, certificate requests that wait",
                onRequest,
                {{"discovery.k8s.io", {"endpointslices"}, {"list", "watch"}},
                 {"certificates.k8s.io", {"certificatesigningrequests"}, {"list", "watch"}, ofCluster}}),
        reading("read", "commands that list and describe, and what previews look up", readOnly, shownKinds()),
        reading("logs", "logs on cards and by command", readOnly, {{core, {"pods/log"}, {"get"}}}),
        reading("metrics", "usage from the metrics-server", readOnly,
                {{"metrics.k8s.io", {"pods"}, look}, {"metrics.k8s.io", {"nodes"}, look, ofCluster}}),
        reading("leases", "silent nodes, schedulers and controller managers", readOnly,
                {{"coordination.k8s.io", {"leases"}, {"get", "list"}}}),
        reading("webhooks", "certificates of admission webhooks that end", readOnly,
                {{"admissionregistration.k8s.io",
                  {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
                  look,
                  ofCluster}}),
        reading("cluster-preflight", "the check before an upgrade of Kubernetes", readOnly,
                {{core, {"nodes"}, look, ofCluster},
                 {"autoscaling", {"horizontalpodautoscalers"}, look},
                 {"batch", {"cronjobs"}, look},
                 {"policy", {"poddisruptionbudgets"}, look},
                 {"discovery.k8s.io", {"endpointslices"}, look},
                 {"flowcontrol.apiserver.k8s.io", {"flowschemas", "prioritylevelconfigurations"}, look, ofCluster},
                 {"admissionregistration.k8s.io",
                  {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
                  look,
                  ofCluster},
                 {"apiextensions.k8s.io", {"customresourcedefinitions"}, look, ofCluster}}),
        reading("cluster-audit", "the security audit: without it the checks of roles, accounts and network are unknown",
                full,
                {{core, {"configmaps", "pods", "replicationcontrollers", "serviceaccounts", "services"}, look},
                 {core, {"namespaces"}, {"get", "list"}, ofCluster},
                 {core, {"nodes"}, look, ofCluster},
                 {"apps", {"daemonsets", "deployments", "replicasets", "statefulsets"}, look},
                 {"batch", {"cronjobs", "jobs"}, look},
                 {"networking.k8s.io", {"ingresses", "networkpolicies"}, look},
                 {"rbac.authorization.k8s.io", {"rolebindings", "roles"}, look},
                 {"rbac.authorization.k8s.io", {"clusterrolebindings", "clusterroles"}, look, ofCluster},
                 {"admissionregistration.k8s.io",
                  {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
                  look,
                  ofCluster},
                 {"certificates.k8s.io", {"certificatesigningrequests"}, look, ofCluster}}),
        reading("cluster-list", "clusters that Cluster API manages", full,
                {{capi, {"clusters"}, {"get", "list"}},
                 {capi, {"machinedeployments", "machines"}, look},
                 {controlPlanes, {"kubeadmcontrolplanes"}, look}}),
        reading("secrets", "names and keys of Secrets, and TLS certificates in them that end (metrics.tls_secrets)",
                onRequest, {{core, {"secrets"}, {"get", "list"}}}),
        reading("kubelets",
                "volumes and file systems of nodes (metrics.kubelets); nodes/proxy reaches all of a kubelet", onRequest,
                {{core, {"nodes/proxy"}, {"get"}, ofCluster}}),
        reading("impersonation", "what people ask for is done as them (clusters: impersonate)", onRequest,
                {{core, {"groups", "users"}, {"impersonate"}, ofCluster}}),
        reading("cluster-backup", "archives of objects, of every kind and with Secrets", onRequest,
                {{any, {any}, {"get", "list"}, ofCluster}}),
    };
}

/// Each sees what it is based on, and what its preview tells of.
std::vector<RbacPart> workloadParts() {
    const Words amend{"get", "patch"}, look{"list"};
    return {
        changing("restart", "restart", operating, {{"apps", {"daemonsets", "deployments", "statefulsets"}, amend}}),
        changing(
            "scale", "scale", operating,
            {{"apps", {"deployments", "statefulsets"}, amend}, {"autoscaling", {"horizontalpodautoscalers"}, look}}),
        changing("pause", "pause", operating, {{"apps", {"deployments"}, amend}}),
        changing("resume", "resume", operating, {{"apps", {"deployments"}, amend}, {"batch", {"cronjobs"}, amend}}),
        changing("suspend", "suspend", operating, {{"batch", {"cronjobs"}, amend}}),
        changing("run", "run", operating, {{"batch", {"cronjobs"}, {"get"}}, {"batch", {"jobs"}, {"get", "create"}}}),
        changing("evict", "evict", operating, {{core, {"pods"}, {"get"}}, {core, {"pods/eviction"}, {"create"}}}),
        changing("rollback", "rollback", operating,
                 {{"apps", {"daemonsets", "deployments", "statefulsets"}, amend},
                  {"apps", {"controllerrevisions", "replicasets"}, look}}),
        changing("set", "set image, resources and data", operating,
                 {{"apps", {"daemonsets", "deployments", "statefulsets"}, amend},
                  {"batch", {"cronjobs"}, amend},
                  {core, {"configmaps"}, amend}}),
    };
}

std::vector<RbacPart> objectParts() {
    const Words make{"get", "create"}, remove{"get", "delete"}, write{"get", "create", "patch"};
    return {
        changing("apply", "apply, of the kinds that Klaw's own commands know; extraRules grants others", full,
                 {{core, {"configmaps", "persistentvolumeclaims", "pods", "services"}, write},
                  {"apps", {"daemonsets", "deployments", "statefulsets"}, write},
                  {"batch", {"cronjobs", "jobs"}, write},
                  {"autoscaling", {"horizontalpodautoscalers"}, write},
                  {"networking.k8s.io", {"ingresses"}, write},
                  {"policy", {"poddisruptionbudgets"}, write}}),
        changing("create", "create pod, configmap and namespace", full,
                 {{core, {"configmaps", "pods"}, make}, {core, {"namespaces"}, make, ofCluster}}),
        changing("delete", "delete, of everything but Secrets", full,
                 {{core, {"configmaps", "persistentvolumeclaims", "pods", "services"}, remove},
                  {core, {"namespaces"}, remove, ofCluster},
                  {"apps", {"daemonsets", "deployments", "statefulsets"}, remove},
                  {"batch", {"cronjobs", "jobs"}, remove},
                  {"autoscaling", {"horizontalpodautoscalers"}, remove},
                  {"networking.k8s.io", {"ingresses"}, remove}}),
        changing("secrets-change", "create, apply, set data and delete of Secrets", onRequest,
                 {{core, {"secrets"}, {"get", "create", "patch", "delete"}}}),
        changing("exec", "exec, of what the configuration lists", onRequest,
                 {{core, {"pods"}, {"get", "list"}},
                  {core, {"pods/exec"}, {"get", "create"}},
                  {"apps", {"daemonsets", "deployments", "replicasets", "statefulsets"}, {"get"}},
                  {"batch", {"jobs"}, {"get"}}}),
        changing("reveal", "reveal, of what the configuration lists", onRequest, {{core, {"secrets"}, {"get"}}}),
    };
}

std::vector<RbacPart> nodeParts() {
    const Words amend{"get", "patch"};
    return {
        changing("cordon", "cordon", full, {{core, {"nodes"}, amend, ofCluster}}),
        changing("uncordon", "uncordon", full, {{core, {"nodes"}, amend, ofCluster}}),
        changing("taint", "taint", full, {{core, {"nodes"}, amend, ofCluster}}),
        changing("drain", "drain", full,
                 {{core, {"nodes"}, amend, ofCluster},
                  {core, {"pods"}, {"get", "list"}},
                  {core, {"pods/eviction"}, {"create"}},
                  {"policy", {"poddisruptionbudgets"}, {"list"}}}),
    };
}

std::vector<RbacPart> lifecycleParts() {
    const Words write{"get", "create", "patch"};
    return {
        // A template names kinds of providers, which nobody knows beforehand.
        changing("cluster-deploy", "cluster deploy; the kubeconfig of what comes of it needs `secrets`", full,
                 {{capi, {"clusterclasses"}, {"list"}},
                  {capi, {"clusters"}, write},
                  {capi, {"machinedeployments"}, {"get", "list", "create", "patch"}},
                  {capi, {"machinehealthchecks", "machinepools"}, write},
                  {capi, {"machines"}, {"list"}},
                  {controlPlanes, {any}, write},
                  {bootstrap, {any}, write},
                  {infrastructure, {any}, write},
                  {core, {"configmaps"}, {"get"}}}),
        changing("cluster-upgrade", "cluster upgrade", full,
                 {{capi, {"clusters"}, {"get", "list", "patch"}}, {capi, {"machines"}, {"list"}}}),
        changing("cluster-volumes", "cluster volumes, by Velero", full,
                 {{velero, {"backupstoragelocations"}, {"list"}},
                  {velero, {"backups", "restores"}, {"get", "create", "patch"}}}),
        changing("cluster-restore", "cluster restore, of every kind", onRequest,
                 {{any, {any}, {"get", "list", "create", "update", "patch"}, ofCluster}}),
    };
}

}  // namespace

std::span<const RbacPart> rbacParts() {
    static const auto all = [] {
        std::vector<RbacPart> parts;
        for (auto group : {readingParts(), workloadParts(), objectParts(), nodeParts(), lifecycleParts()})
            for (auto& part : group) parts.push_back(std::move(part));
        return parts;
    }();
    return all;
}

/// What is created has no name yet that a rule could ask for.
const std::vector<PolicyRule>& leaseRules() {
    static const std::vector<PolicyRule> rules{
        {"coordination.k8s.io", {"leases"}, {"create"}},
        {"coordination.k8s.io", {"leases"}, {"get", "update"}, !ofCluster, true},
    };
    return rules;
}

const std::vector<PolicyRule>& memberRules() {
    static const std::vector<PolicyRule> rules{
        {"coordination.k8s.io", {"leases"}, {"list", "create", "update", "delete"}}};
    return rules;
}

std::span<const std::string_view> commandsWithoutRbac() {
    static constexpr std::string_view names[] = {"ack",   "approve",   "assign", "clusters", "comment",
                                                 "grant", "refuse",    "revoke", "rules",    "silence",
                                                 "unack", "unsilence", "use"};
    return names;
}

}  // namespace klaw::operate
