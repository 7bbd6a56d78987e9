#pragma once

#include "agent/app/config.hpp"
#include "agent/cli/doctor_report.hpp"

namespace klaw::cli {

/// Asks the chat platforms about each application of the configuration at that path: whether its credentials, scopes
/// and groups are what the configuration needs. Nothing is sent to a chat.
void examineApplications(const std::string& path, const app::Config& config, DoctorReport& report);

}  // namespace klaw::cli
