#pragma once

#include <string>
#include <string_view>

#include "notifiers/card.hpp"

namespace klaw::notifiers {

/// The fixed words around a card's own text, in one language.
struct Words {
    std::string_view since, sinceWithin, resolvedAt, lasted, time;
    std::string_view acknowledgedBy, silencedBy, until;
    std::string_view affected, assignee, commands, links, apply;
    std::string_view least, greatest, threshold;
    std::string_view rule, incident, startedBefore;
    std::string_view mayBeRepeat, withoutMentions, rest, shortened;
    std::string_view colon, comma, listComma;
};
/// English for every language but "zh…".
const Words& wordsFor(std::string_view language);

std::string_view statusWord(CardStatus status, std::string_view language);
std::string_view severityWord(rules::Severity severity, std::string_view language);
std::string andMore(std::size_t count, std::string_view language);       ///< "… and 45 more"
std::string linesLeftOut(std::size_t count, std::string_view language);  ///< "… 12 lines left out"
/// A dot in the colour of what the card says: red, orange, blue, yellow, green.
std::string_view symbolOf(const Card& card);

/// "2026-11-23 18:00:05 +08:00", or "… UTC".
std::string localTime(TimePoint time, int utcOffsetMinutes);
/// The two largest units: "2d3h", "12m", "40s".
std::string roughly(Duration duration);

}  // namespace klaw::notifiers
