#pragma once

#include <string>
#include <string_view>

namespace klaw::recording {

/// "Deployment", "apps/v1" → "deployments.apps": the regular English plural, which all built-in resources but endpoints
/// follow.
std::string resourceOf(std::string_view kind, std::string_view apiVersion);

}  // namespace klaw::recording
