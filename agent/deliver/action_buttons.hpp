#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "notifiers/card.hpp"
#include "rules/incident.hpp"

namespace klaw::deliver {

/// What the rule of an incident says people do about it (`actions`), as far as the kind of its owner can have it done:
/// commands that first show what they would do. `silence` is not among them, every card has it.
std::vector<notifiers::CardButton> actionButtons(const rules::Incident& incident, const std::string& language);

/// The command of one of these for an incident, whatever its rule offers; empty where it does not fit.
std::string actionCommand(const rules::Incident& incident, std::string_view action);

}  // namespace klaw::deliver
