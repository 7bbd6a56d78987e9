#pragma once

#include <optional>
#include <string_view>

#include "notifiers/card.hpp"
#include "rules/incident.hpp"

namespace klaw::deliver {

/// The course of the value that the incident's first alert is about, in a unit that people read. Nothing where none of
/// its alerts is about a value.
std::optional<notifiers::CardChart> chartOf(const rules::Incident& incident, std::string_view language);

}  // namespace klaw::deliver
