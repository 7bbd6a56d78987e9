#pragma once

#include <optional>
#include <string_view>

#include "agent/kube/cluster_access.hpp"
#include "base/time.hpp"

namespace klaw::kube {

/// When a bearer token ends by its own word; nothing for one that does not say, or that is no JSON Web Token.
/// https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
std::optional<TimePoint> tokenExpiry(std::string_view token);

/// Of the token by which a cluster is reached; of one in a file as it stands there now.
std::optional<TimePoint> tokenExpiry(const ClusterAccess& access);

}  // namespace klaw::kube
