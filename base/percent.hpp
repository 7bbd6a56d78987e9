#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw {

/// Encodes everything but unreserved characters, for one path segment or query value (RFC 3986).
std::string percentEncode(std::string_view text);
/// nullopt when a `%` is not followed by two hexadecimal digits; `+` stays `+`.
std::optional<std::string> percentDecode(std::string_view text);

}  // namespace klaw
