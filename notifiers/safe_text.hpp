#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "notifiers/card.hpp"

namespace klaw::notifiers {

/// Text of unknown origin as one harmless line: valid UTF-8, terminal escape sequences removed, line breaks and tabs
/// made blanks, remaining control characters and direction overrides made U+FFFD. Platform escaping comes on top.
std::string oneLine(std::string_view text);
/// The same for text that may hold several lines.
std::vector<std::string> cleanLines(std::string_view text);

/// A card whose every text is cleaned, masked for secrets and bounded in size, links other than http and https dropped.
/// Renderers take nothing else. Shortening a text afterwards keeps it safe; putting new text in does not.
struct SafeCard : Card {
    explicit SafeCard(Card card);
    bool leftOut = false;  ///< something was too long even before any platform's limit
};

/// The address with everything percent-encoded that could end it early; empty unless it is http or https.
std::string safeUrl(std::string_view url);

}  // namespace klaw::notifiers
