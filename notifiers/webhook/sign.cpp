#include "notifiers/webhook/sign.hpp"

#include "base/digest.hpp"

namespace klaw::notifiers::webhook {

std::string signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
    std::string message(timestamp);
    message += '.';
    message += body;
    return "sha256=" + hexEncode(hmacSha256(secret, message));
}

}  // namespace klaw::notifiers::webhook
