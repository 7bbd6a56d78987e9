#pragma once

#include "agent/app/config.hpp"

namespace klaw::app {

/// Structured logs on standard error: one line each, text or JSON; what comes from clusters cannot begin a new line.
void setUpLogging(const LogConfig& config);

}  // namespace klaw::app
