#include "notifiers/dingtalk/sign.hpp"

#include "base/digest.hpp"
#include "base/net/http_message.hpp"

namespace klaw::notifiers::dingtalk {

std::string signature(std::string_view secret, std::int64_t unixMillis) {
    return base64Encode(hmacSha256(secret, std::to_string(unixMillis) + "\n" + std::string(secret)));
}

std::string signedUrl(std::string_view url, std::string_view secret, TimePoint now) {
    std::string address(url);
    if (secret.empty()) return address;
    auto millis = toUnixMillis(now);
    address += address.find('?') == std::string::npos ? '?' : '&';
    return address + "timestamp=" + std::to_string(millis) + "&sign=" + net::percentEncode(signature(secret, millis));
}

}  // namespace klaw::notifiers::dingtalk
