#pragma once

#include <filesystem>

#include "agent/cli/doctor_report.hpp"
#include "base/time.hpp"
#include "storage/location.hpp"

namespace klaw::cli {

/// Whether the data directory is its owner's alone, and has room.
void examineDirectory(const std::filesystem::path& directory, DoctorReport& report);
/// Engine, schema, the newest rows of the audit log, and how old what waits to be sent is. Nothing is written.
void examineDatabase(const storage::Location& location, TimePoint now, DoctorReport& report);

}  // namespace klaw::cli
