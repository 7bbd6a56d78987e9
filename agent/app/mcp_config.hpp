#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `mcp`: programs that ask in somebody's name.
void readMcp(const rules::YamlCursor& value, Config& config);
/// Whether the channels that they name are there, and can be pressed.
void checkMcp(const rules::YamlCursor& root, const Config& config);

}  // namespace klaw::app
