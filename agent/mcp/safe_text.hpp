#pragma once

#include <string>
#include <string_view>

namespace klaw::mcp {

/// Text of unknown origin before a language model reads it: valid UTF-8, secrets masked, without terminal sequences,
/// control characters, direction overrides and characters that have no width, and without the tokens by which chat
/// templates tell who is speaking. Keeps line feeds and tabs.
std::string safeText(std::string_view raw);
/// The same on one line.
std::string safeLine(std::string_view raw);

inline constexpr std::size_t longestLine = 500;  ///< bytes; what is longer ends with "…"

/// Each of its lines at most `longestLine` long.
std::string withShortLines(std::string_view text);

}  // namespace klaw::mcp
