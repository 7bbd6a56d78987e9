#include "agent/security/remembering.hpp"

#include <algorithm>

#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

std::optional<bool> flagOf(const Json& json, const char* name) {
    const auto& value = at(json, name);
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

/// For all Pods of the namespace, and with no rule that lets anything through.
void rememberPolicy(const Json& object, Inventory::Namespace& facts) {
    ++facts.policies;
    const auto& spec = at(object, "spec");
    const auto& selector = at(spec, "podSelector");
    bool selectsAll =
        selector.empty() || (at(selector, "matchLabels").empty() && at(selector, "matchExpressions").empty());
    if (!selectsAll) return;
    auto types = textsAt(spec, "policyTypes");
    auto denies = [&](const char* type, const char* rules) {
        return std::ranges::count(types, type) > 0 && at(spec, rules).empty();
    };
    facts.deniesIngress = facts.deniesIngress || denies("Ingress", "ingress");
    facts.deniesEgress = facts.deniesEgress || denies("Egress", "egress");
}

Inventory::Binding bindingOf(const Subject& subject, const Json& object) {
    const auto& role = at(object, "roleRef");
    Inventory::Binding binding{subject, isShipped(object), textAt(role, "kind"), textAt(role, "name"), {}};
    for (const auto& each : at(object, "subjects"))
        binding.subjects.push_back({textAt(each, "kind"), textAt(each, "namespace"), textAt(each, "name")});
    return binding;
}

}  // namespace

bool isShipped(const Json& object) {
    return textAt(memberAt(object, "metadata.labels"), "kubernetes.io/bootstrapping") == "rbac-defaults";
}

void rememberObject(std::string_view kind, const Subject& subject, const Json& object, Inventory& inventory) {
    if (kind == "Namespace") {
        inventory.namespaces[subject.name];
    } else if (kind == "ServiceAccount") {
        inventory.accounts[{subject.ns, subject.name}] = {flagOf(object, "automountServiceAccountToken")};
    } else if (kind == "Pod") {
        if (auto known = inventory.namespaces.find(subject.ns); known != inventory.namespaces.end())
            known->second.hasPods = true;
    } else if (kind == "NetworkPolicy") {
        if (auto known = inventory.namespaces.find(subject.ns); known != inventory.namespaces.end())
            rememberPolicy(object, known->second);
    } else if (kind == "Role" || kind == "ClusterRole") {
        inventory.roles.push_back({subject, false, {}});
    } else if (kind == "RoleBinding" || kind == "ClusterRoleBinding") {
        inventory.bindings.push_back(bindingOf(subject, object));
    } else if (kind == "Node") {
        inventory.nodes.push_back({subject.name, textAt(memberAt(object, "status.nodeInfo"), "kubeletVersion")});
    }
}

void rememberWorkload(const PodView& pod, Inventory& inventory) {
    auto account = textAt(pod.spec(), "serviceAccountName");
    if (account.empty()) account = "default";
    auto same = [&](const Inventory::Workload& known) { return known.subject == pod.subject(); };
    if (!inventory.workloads.empty() && same(inventory.workloads.back())) return;
    inventory.workloads.push_back({pod.subject(), std::move(account),
                                   flagOf(pod.spec(), "automountServiceAccountToken"), pod.at("serviceAccountName"),
                                   pod.at("automountServiceAccountToken")});
}

void noteRisks(const std::map<std::pair<std::string_view, Subject>, EvidenceList>& found, Inventory& inventory) {
    for (auto& role : inventory.roles) {
        for (const auto& check : checks()) {
            if (!check.id.starts_with("role-") || !found.contains({check.id, role.subject})) continue;
            if (check.id == "role-everything")
                role.everything = true;
            else
                role.risks.emplace_back(check.id);
        }
    }
}

}  // namespace klaw::security
