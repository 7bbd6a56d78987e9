#pragma once

#include <filesystem>

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"
#include "storage/location.hpp"

namespace klaw::app {

/// `storage` of the configuration.
void readStorage(const rules::YamlCursor& value, Config& config);

/// Where the agent with this configuration keeps everything, its data directory being `data`.
storage::Location databaseOf(const Config& config, const std::filesystem::path& data);

}  // namespace klaw::app
