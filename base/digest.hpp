#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw {

/// 32 raw bytes.
std::string sha256(std::string_view data);
std::string sha256Hex(std::string_view data);
/// 32 raw bytes.
std::string hmacSha256(std::string_view key, std::string_view message);

std::string base64Encode(std::string_view bytes);
/// Standard alphabet, padding required, line breaks ignored; nullopt when malformed.
std::optional<std::string> base64Decode(std::string_view text);
std::string hexEncode(std::string_view bytes);

/// Takes the same time wherever the first difference is.
bool equalInConstantTime(std::string_view a, std::string_view b);

}  // namespace klaw
