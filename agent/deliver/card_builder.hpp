#pragma once

#include <string>

#include "notifiers/card.hpp"
#include "rules/incident.hpp"

namespace klaw::deliver {

/// How cards are made for one channel.
struct CardStyle {
    std::string language = "en";  ///< "en" or "zh"
    int utcOffsetMinutes = 0;
    std::string consoleUrl;  ///< address of the built-in page, for links and buttons; empty: none
};

/// The card of an incident as it is now. Pure: the same incident gives the same card.
notifiers::Card buildCard(const rules::Incident& incident, const CardStyle& style);

/// "prod · shop · Deployment web"
std::string placeOf(const rules::Incident& incident);

}  // namespace klaw::deliver
