#pragma once

#include <vector>

#include "agent/deliver/card_builder.hpp"

namespace klaw::deliver {

/// What was looked up about an incident, as a card shows it: last log lines, then the timeline of Events; where there
/// are none, why, and the command that shows them. Empty where nothing was asked for.
std::vector<notifiers::CardSection> findingsSections(const rules::Incident& incident, const CardStyle& style);

}  // namespace klaw::deliver
