#pragma once

#include <string>
#include <string_view>

#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// A path of the configuration: relative ones are relative to its directory, `~` is the home directory.
std::string resolved(const rules::YamlCursor& value, const std::string& path);
/// What the file holds whose path stands under `key`, without blanks at its end; reported where it cannot be read.
std::string secretFromFile(const rules::YamlCursor& value, std::string_view key);
/// The same of an environment variable.
std::string secretFromEnvironment(const rules::YamlCursor& value, std::string_view key);

}  // namespace klaw::app
