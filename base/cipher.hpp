#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw {

/// AES-256 in CBC mode with PKCS#7 padding. `key`: 32 bytes; `iv`: 16 bytes. nullopt for another length of any of them
/// and for wrong padding: such bytes were made with another key or changed.
std::optional<std::string> aes256CbcDecrypt(std::string_view key, std::string_view iv, std::string_view bytes);

}  // namespace klaw
