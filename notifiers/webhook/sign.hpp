#pragma once

#include <string>
#include <string_view>

namespace klaw::notifiers::webhook {

/// "sha256=<hex HMAC-SHA256(secret, timestamp + "." + body)>". Receivers compare in constant time and refuse
/// timestamps that are too old, so that a recorded request cannot be played again.
std::string signature(std::string_view secret, std::string_view timestamp, std::string_view body);

}  // namespace klaw::notifiers::webhook
