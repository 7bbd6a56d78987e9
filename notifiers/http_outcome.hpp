#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::notifiers {

/// What an HTTP exchange without an answer means to a notifier. `channel` becomes the place and the client's own place
/// is dropped: it is a URL, and webhook URLs are secrets.
Error sendError(Error error, std::string_view channel);

/// `text` without the channel's own secrets, for receivers that repeat what they were sent ("Cannot POST /hooks/…"):
/// the secret, and what in the URL may be a token (path segments and query values of eight bytes or more).
std::string withoutOwnSecrets(std::string text, std::string_view url, std::string_view secret);

/// The failure that a status other than 2xx stands for, whatever the body: 429 and 503 wait for Retry-After, other
/// 5xx and 408 are worth another try, everything else is permanent.
Error statusError(const net::HttpResponse& response, std::string_view channel, TimePoint now);

/// Seconds or an HTTP date; between zero and an hour.
std::optional<Duration> retryAfter(const net::HttpHeaders& headers, TimePoint now);

}  // namespace klaw::notifiers
