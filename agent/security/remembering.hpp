#pragma once

#include "agent/security/check.hpp"

// What of each object goes into the inventory.
namespace klaw::security {

void rememberObject(std::string_view kind, const Subject& subject, const Json& object, Inventory& inventory);
void rememberWorkload(const PodView& pod, Inventory& inventory);

}  // namespace klaw::security
