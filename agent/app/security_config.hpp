#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `security`: what `cluster audit` goes by.
void readSecurity(const rules::YamlCursor& value, Config& config);

}  // namespace klaw::app
