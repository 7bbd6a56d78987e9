#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `routes`: who hears of what.
void readRoutes(const rules::YamlCursor& value, Config& config);
/// `maintenance`: what is silenced by the clock.
void readMaintenance(const rules::YamlCursor& value, Config& config);

}  // namespace klaw::app
