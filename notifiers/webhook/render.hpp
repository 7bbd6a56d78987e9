#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "notifiers/outline.hpp"

namespace klaw::notifiers::webhook {

/// {"version":1,"event":"card.sent"|"card.updated","card":{…},"notices":[…]}. The card is the form of toJson() with
/// secrets masked; nonces are left out, since a press must come from a person that a chat platform vouches for.
std::string renderEvent(std::string_view event, SafeCard card, const std::vector<Notice>& notices);

}  // namespace klaw::notifiers::webhook
