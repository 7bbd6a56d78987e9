#pragma once

#include <string>
#include <string_view>

namespace klaw::notifiers::feishu {

/// Base64(HMAC-SHA256(key "<seconds>\n<secret>", message "")): the other way round than DingTalk. Valid for an hour
/// around the platform's clock, so it is made for every request.
std::string signature(std::string_view secret, std::int64_t unixSeconds);

}  // namespace klaw::notifiers::feishu
