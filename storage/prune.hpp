#pragma once

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/retention.hpp"

namespace klaw::storage {

/// Removes at most a few hundred rows of each table; call again while it finds something.
Result<PruneReport> pruneSome(Database& database, TimePoint now, const RetentionLimits& limits);

}  // namespace klaw::storage
