#pragma once

#include <string>
#include <string_view>

namespace klaw::notifiers {

// Clients of chat platforms recognise addresses and people in plain text as well, where no markup could be escaped.
// A zero width space inside breaks the pattern and leaves the look.

/// No address becomes a link and no @name a mention. The @ of `image@sha256:…` and of mail addresses stays.
std::string defuseText(std::string_view text);
/// For fixed-width text, where markup is not read but tags and fences may be: no tag, no fence, no mention.
std::string defuseCode(std::string_view text);

}  // namespace klaw::notifiers
