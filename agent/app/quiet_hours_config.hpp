#pragma once

#include "rules/load/yaml_cursor.hpp"
#include "rules/quiet_hours.hpp"

namespace klaw::app {

/// `quiet_hours` of a route: one span of the day, or a list.
std::vector<rules::QuietHours> readQuietHours(const rules::YamlCursor& value);

}  // namespace klaw::app
