#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/type.hpp"

namespace klaw::rules {

/// What objects of a resource ("deployments.apps") look like; dyn for a resource that is not built in.
cel::Type objectType(std::string_view resource);
/// What an object of one of the resources looks like.
cel::Type objectTypeOfAny(const std::vector<std::string>& resources);

}  // namespace klaw::rules
