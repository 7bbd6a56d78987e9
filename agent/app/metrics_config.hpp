#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `metrics`: what is asked for readings.
void readMetrics(const rules::YamlCursor& value, Config& config);
/// `alertmanager`: who may post alerts here.
void readAlertmanager(const rules::YamlCursor& value, Config& config);
/// `alertmanagers`: to which silences are copied.
void readAlertmanagers(const rules::YamlCursor& value, Config& config);
/// `heartbeat`: who is told that this agent is alive.
void readHeartbeat(const rules::YamlCursor& value, Config& config);

}  // namespace klaw::app
