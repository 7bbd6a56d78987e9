#include "notifiers/feishu/callback_seal.hpp"

#include "base/cipher.hpp"
#include "base/digest.hpp"

namespace klaw::notifiers::feishu {
namespace {

constexpr std::size_t kVectorBytes = 16;

}  // namespace

std::string callbackSignature(std::string_view timestamp, std::string_view nonce, std::string_view encryptKey,
                              std::string_view body) {
    std::string signedText;
    for (auto part : {timestamp, nonce, encryptKey, body}) signedText += part;
    return sha256Hex(signedText);
}

std::optional<std::string> openSealed(std::string_view encrypted, std::string_view encryptKey) {
    auto bytes = base64Decode(encrypted);
    if (!bytes || bytes->size() <= kVectorBytes) return std::nullopt;
    std::string_view all(*bytes);
    return aes256CbcDecrypt(sha256(encryptKey), all.substr(0, kVectorBytes), all.substr(kVectorBytes));
}

}  // namespace klaw::notifiers::feishu
