#include "notifiers/feishu/sign.hpp"

#include "base/digest.hpp"

namespace klaw::notifiers::feishu {

std::string signature(std::string_view secret, std::int64_t unixSeconds) {
    return base64Encode(hmacSha256(std::to_string(unixSeconds) + "\n" + std::string(secret), ""));
}

}  // namespace klaw::notifiers::feishu
