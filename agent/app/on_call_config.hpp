#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `on_call`: who is on duty when.
void readOnCall(const rules::YamlCursor& value, Config& config);

}  // namespace klaw::app
