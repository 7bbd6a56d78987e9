#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw::notifiers::feishu {

/// Of what the platform posts to us: hex(SHA-256(timestamp, nonce, Encrypt Key, raw body)); no HMAC.
std::string callbackSignature(std::string_view timestamp, std::string_view nonce, std::string_view encryptKey,
                              std::string_view body);

/// The text in `encrypt`: base64 of 16 bytes of initialisation vector and of AES-256-CBC with SHA-256(Encrypt Key).
/// nullopt for anything that was not made with that key.
std::optional<std::string> openSealed(std::string_view encrypted, std::string_view encryptKey);

}  // namespace klaw::notifiers::feishu
