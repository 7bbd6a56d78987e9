#pragma once

#include "agent/security/inventory.hpp"

// The roles and bindings that the API server makes at its start, as those of Kubernetes 1.36 say by themselves:
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
// Whoever may write roles may put the label kubernetes.io/bootstrapping on any: it counts only with these names.
namespace klaw::security {

/// Made by the API server itself, by label and name.
bool isBootstrapRole(const Subject& role, const Json& object);
/// The subject has the role of the binding as the API server gave it. What was added to such a binding is not.
bool isBootstrapSubject(const Inventory::Binding& binding, const Inventory::BoundSubject& subject);
/// Carries the label that the API server puts on what it makes.
bool hasBootstrapLabel(const Json& object);

}  // namespace klaw::security
