#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace klaw::notifiers::dingtalk {

/// Base64(HMAC-SHA256(secret, "<milliseconds>\n<secret>")). Valid for an hour around the platform's clock, so it is
/// made for every request. The same formula signs what an HTTP-mode robot posts to us.
std::string signature(std::string_view secret, std::int64_t unixMillis);

/// The robot's address with timestamp and signature in the query; unchanged without a secret.
std::string signedUrl(std::string_view url, std::string_view secret, TimePoint now);

}  // namespace klaw::notifiers::dingtalk
