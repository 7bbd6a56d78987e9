#include "agent/security/inventory.hpp"

#include <algorithm>

namespace klaw::security {

bool Inventory::isOfKubernetes(const std::string& ns) const {
    return isSystemNamespace(ns) && ns != only;
}

bool isSystemNamespace(std::string_view ns) {
    return ns == "kube-system" || ns == "kube-public" || ns == "kube-node-lease";
}

bool grantsEverything(const Inventory& inventory, const Inventory::Binding& binding) {
    if (binding.roleKind == "ClusterRole" && binding.role == "cluster-admin") return true;
    auto ns = binding.roleKind == "Role" ? binding.subject.ns : std::string();
    return std::ranges::any_of(inventory.roles, [&](const Inventory::Role& role) {
        return role.everything && role.subject.kind == binding.roleKind && role.subject.name == binding.role &&
               role.subject.ns == ns;
    });
}

}  // namespace klaw::security
