#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/backup/kind.hpp"

namespace klaw::backup {

/// Why this object is in no backup; empty: it is. What a controller or the cluster itself makes anew is left out, as a
/// copy of it would stand in the way.
std::string_view leftOutBecause(const Kind& kind, const nlohmann::json& object);

}  // namespace klaw::backup
