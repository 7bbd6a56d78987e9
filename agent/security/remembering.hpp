#pragma once

#include <map>

#include "agent/security/check.hpp"

// What of each object goes into the inventory.
namespace klaw::security {

/// Made by the API server itself at its start: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
bool isShipped(const Json& object);

void rememberObject(std::string_view kind, const Subject& subject, const Json& object, Inventory& inventory);
void rememberWorkload(const PodView& pod, Inventory& inventory);
/// Which risks the roles hold, by what the checks of single roles found.
void noteRisks(const std::map<std::pair<std::string_view, Subject>, EvidenceList>& found, Inventory& inventory);

}  // namespace klaw::security
