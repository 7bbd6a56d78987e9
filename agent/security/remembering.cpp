#include "agent/security/remembering.hpp"

#include <algorithm>

#include "agent/security/bootstrap_policy.hpp"
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
    Inventory::Binding binding{subject, textAt(role, "kind"), textAt(role, "name"), {}};
    bool isLabelled = hasBootstrapLabel(object);
    for (const auto& each : at(object, "subjects")) {
        Inventory::BoundSubject bound{textAt(each, "kind"), textAt(each, "namespace"), textAt(each, "name")};
        if (bound.kind == "ServiceAccount" && bound.ns.empty()) bound.ns = subject.ns;
        bound.shipped = isLabelled && isBootstrapSubject(binding, bound);
        binding.subjects.push_back(std::move(bound));
    }
    return binding;
}

/// What it allows, wherever it stands: others are judged by it even where nothing is told of the role itself.
Inventory::Role roleOf(const Subject& subject, const Json& object, const Inventory& inventory) {
    Inventory::Role role{subject, false, {}};
    ObjectView view{subject, object, inventory};
    for (const auto& check : checks()) {
        if (!check.id.starts_with("role-")) continue;
        EvidenceList found;
        check.object(view, found);
        if (found.empty()) continue;
        if (check.id == "role-everything")
            role.everything = true;
        else
            role.risks.emplace_back(check.id);
    }
    return role;
}

}  // namespace

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
        inventory.roles.push_back(roleOf(subject, object, inventory));
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

}  // namespace klaw::security
