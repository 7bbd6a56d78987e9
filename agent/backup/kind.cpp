#include "agent/backup/kind.hpp"

#include <algorithm>
#include <array>

#include "base/percent.hpp"

namespace klaw::backup {
namespace {

struct LeftOut {
    std::string_view resource, why;
};
constexpr std::array<LeftOut, 19> leftOut{{
    {"events", "they tell of the past"},
    {"events.events.k8s.io", "they tell of the past"},
    {"nodes", "machines register themselves"},
    {"persistentvolumes", "the data of volumes is not in the archive"},
    {"volumeattachments.storage.k8s.io", "the attach controller makes them"},
    {"csinodes.storage.k8s.io", "machines register themselves"},
    {"csistoragecapacities.storage.k8s.io", "storage drivers publish them"},
    {"leases.coordination.k8s.io", "whoever holds one renews it"},
    {"leasecandidates.coordination.k8s.io", "whoever wants a Lease renews it"},
    {"certificatesigningrequests.certificates.k8s.io", "they are answered once"},
    {"podcertificaterequests.certificates.k8s.io", "they are answered once"},
    {"controllerrevisions.apps", "controllers write them"},
    {"ipaddresses.networking.k8s.io", "the API server makes them of Services"},
    {"servicecidrs.networking.k8s.io", "they are of the cluster's network"},
    {"resourceslices.resource.k8s.io", "drivers publish them"},
    {"storageversions.internal.apiserver.k8s.io", "API servers publish them"},
    {"storageversionmigrations.storagemigration.k8s.io", "they are done once"},
    {"componentstatuses", "they are no objects"},
    {"podtemplates", "nothing uses them"},
}};

struct Rank {
    std::string_view resource;
    int rank;
};
constexpr int rankOfOthers = 15;
constexpr std::array<Rank, 41> ranks{{
    {"customresourcedefinitions.apiextensions.k8s.io", 0},
    {"namespaces", 1},
    {"storageclasses.storage.k8s.io", 2},
    {"csidrivers.storage.k8s.io", 2},
    {"volumeattributesclasses.storage.k8s.io", 2},
    {"priorityclasses.scheduling.k8s.io", 2},
    {"runtimeclasses.node.k8s.io", 2},
    {"ingressclasses.networking.k8s.io", 2},
    {"flowschemas.flowcontrol.apiserver.k8s.io", 2},
    {"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", 2},
    {"deviceclasses.resource.k8s.io", 2},
    {"serviceaccounts", 3},
    {"secrets", 4},
    {"configmaps", 5},
    {"clusterroles.rbac.authorization.k8s.io", 6},
    {"roles.rbac.authorization.k8s.io", 6},
    {"clusterrolebindings.rbac.authorization.k8s.io", 7},
    {"rolebindings.rbac.authorization.k8s.io", 7},
    {"limitranges", 8},
    {"persistentvolumeclaims", 9},
    {"services", 10},
    {"endpoints", 11},
    {"endpointslices.discovery.k8s.io", 11},
    {"networkpolicies.networking.k8s.io", 11},
    {"poddisruptionbudgets.policy", 11},
    {"resourceclaimtemplates.resource.k8s.io", 11},
    {"resourceclaims.resource.k8s.io", 11},
    {"pods", 12},
    {"replicationcontrollers", 12},
    {"replicasets.apps", 12},
    {"deployments.apps", 12},
    {"statefulsets.apps", 12},
    {"daemonsets.apps", 12},
    {"jobs.batch", 12},
    {"cronjobs.batch", 12},
    {"horizontalpodautoscalers.autoscaling", 13},
    {"ingresses.networking.k8s.io", 14},
    {"resourcequotas", 16},
    {"apiservices.apiregistration.k8s.io", 17},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io", 19},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io", 19},
}};

}  // namespace

std::string_view Kind::group() const {
    auto slash = apiVersion.find('/');
    return slash == std::string::npos ? std::string_view() : std::string_view(apiVersion).substr(0, slash);
}

std::string Kind::resource() const {
    return group().empty() ? plural : plural + "." + std::string(group());
}

std::string Kind::listPath(const std::string& ns) const {
    return (group().empty() ? "/api/" : "/apis/") + apiVersion +
           (namespaced && !ns.empty() ? "/namespaces/" + percentEncode(ns) : "") + "/" + plural;
}

std::string Kind::objectPath(const std::string& ns, const std::string& name) const {
    return listPath(ns) + "/" + percentEncode(name);
}

std::string_view leftOutBecause(const Kind& kind) {
    const auto* found = std::ranges::find(leftOut, kind.resource(), &LeftOut::resource);
    return found == leftOut.end() ? std::string_view() : found->why;
}

int restoreRank(const Kind& kind) {
    // Policies and webhooks judge what comes after them.
    if (kind.group() == "admissionregistration.k8s.io") return kind.plural.ends_with("webhookconfigurations") ? 19 : 18;
    const auto* found = std::ranges::find(ranks, kind.resource(), &Rank::resource);
    return found == ranks.end() ? rankOfOthers : found->rank;
}

}  // namespace klaw::backup
