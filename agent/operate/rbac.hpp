#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// What may be done with kinds of the Kubernetes API, as a rule of a Role says it.
/// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/
struct PolicyRule {
    std::string_view group;  ///< "apps"; empty for the core
    std::vector<std::string_view> resources;
    std::vector<std::string_view> verbs;
    bool ofCluster = false;  ///< of no namespace: no Role of a namespace can grant it
    bool named = false;      ///< of one object by its name

    friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

/// How much of the cluster Klaw is given. Each has what those before it have.
enum class RbacProfile { ReadOnly, Operator, Full };
std::optional<RbacProfile> rbacProfileFromString(std::string_view text);

/// What is granted as a whole: what Klaw reads for one purpose, or what one command needs.
struct RbacPart {
    std::string_view name;            ///< "logs"; of a command its name with - for spaces: "cluster-deploy"
    std::string_view purpose;         ///< what does not work without it
    std::optional<RbacProfile> from;  ///< the least profile that has it; nothing: only where it is asked for
    bool changes = false;             ///< it is a command that changes the cluster
    std::vector<PolicyRule> rules;
};

/// Everything that Klaw asks the API server for, beside what any service account may: discovery, /version, /readyz and
/// questions about its own rights (the roles system:discovery, system:public-info-viewer and system:basic-user).
std::span<const RbacPart> rbacParts();
const RbacPart* findRbacPart(std::string_view name);

/// Commands that change alerts, people's rights or Klaw's own settings, and nothing of a cluster.
std::span<const std::string_view> commandsWithoutRbac();

/// On the Lease by which replicas choose their leader: to be granted in its namespace and by its name.
const std::vector<PolicyRule>& leaseRules();
/// On the Leases by which replicas that share their clusters know each other (`leadership: {share}`), whose names
/// nobody knows beforehand.
const std::vector<PolicyRule>& memberRules();

/// The parts of a profile, with those of `with` and without those of `without`, in the order of rbacParts().
Result<std::vector<const RbacPart*>> rbacPartsOf(RbacProfile profile, const std::vector<std::string>& with,
                                                 const std::vector<std::string>& without);
Result<std::vector<const RbacPart*>> rbacPartsNamed(const std::vector<std::string>& names);

/// All they need, each resource once, in a fixed order.
std::vector<PolicyRule> policyRulesOf(const std::vector<const RbacPart*>& parts);

/// As YAML, for `kubectl apply`.
std::string clusterRole(std::string_view name, const std::vector<PolicyRule>& rules);

/// The Role of leaseRules() as YAML, for the namespace that the Lease is in; with `shares` that of memberRules() too.
std::string leaseRole(std::string_view name, std::string_view ns, std::string_view lease, bool shares);

/// All parts as YAML: chart/files/rbac.yaml, from which the chart makes its roles.
std::string rbacTable();

}  // namespace klaw::operate
