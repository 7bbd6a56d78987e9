#pragma once

#include <string>
#include <string_view>

namespace klaw {

/// Replaces every malformed byte by U+FFFD, so that the result can go into JSON.
std::string validUtf8(std::string_view text);
bool isValidUtf8(std::string_view text);

/// At most `maxBytes` bytes, cut on a code-point boundary; `ellipsis` is inside the limit and only there when cut.
std::string truncateUtf8(std::string_view text, std::size_t maxBytes, std::string_view ellipsis = "…");

/// Every blank that people and their keyboards write as " ", such as U+00A0, U+2005 and U+3000; those without a width
/// are left out.
std::string withPlainBlanks(std::string_view text);

/// Columns on a terminal: East Asian wide characters and emoji count two, combining marks none.
std::size_t displayWidth(std::string_view text);

}  // namespace klaw
