#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `clusters`: where they are found, and how each is reached.
void readClusters(const rules::YamlCursor& value, Config& config);

}  // namespace klaw::app
