#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `backups`: what is backed up, when and where to.
void readBackups(const rules::YamlCursor& value, Config& config);
/// Whether the clusters of `backups` exist.
void checkBackups(const rules::YamlCursor& root, const Config& config);

}  // namespace klaw::app
