#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `apps`: applications of chat platforms.
void readApps(const rules::YamlCursor& value, Config& config);
/// `channels`: where cards go.
void readChannels(const rules::YamlCursor& value, Config& config);
/// A channel of an application has its platform, and names do not clash: answers leave under the application's.
void checkApps(const rules::YamlCursor& root, Config& config);

}  // namespace klaw::app
