#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `roles`: what may be done, by name.
void readRoles(const rules::YamlCursor& value, Config& config);
/// `access`: who has which role.
void readAccess(const rules::YamlCursor& value, Config& config);
/// Whether each role is there, and somebody can tell who is in each department.
void checkBindings(const rules::YamlCursor& root, const Config& config);

}  // namespace klaw::app
