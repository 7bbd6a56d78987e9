#pragma once

#include <string_view>

#include "base/result.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// Of the schema, the same for both engines.
int newestVersion();

/// Brings an empty or older database to `target`, each step one transaction together with its version, so that an
/// interrupted one is simply run again. Unsupported for a newer one, and for one of another application.
Result<void> migrate(Database& database, int target = newestVersion());
/// The checks of migrate() without changing anything; also Unsupported when it is older.
Result<void> checkVersion(Database& database);

}  // namespace klaw::storage
