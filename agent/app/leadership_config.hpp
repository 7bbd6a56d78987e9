#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `leadership`: replicas of one agent, of which one leads.
void readLeadership(const rules::YamlCursor& value, Config& config);
/// Whether the cluster that has the Lease is one of `clusters`.
void checkLeadership(const rules::YamlCursor& root, const Config& config);

}  // namespace klaw::app
