#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// "KLAW": SQLite's application_id of our files.
inline constexpr std::int64_t applicationId = 0x4B4C4157;

/// A step from the version before it. Never edited once released; a change is a new one.
struct Migration {
    int version;
    std::string_view sql;
};

/// All of them, versions 1, 2, 3, … without gaps.
std::span<const Migration> migrations();
int newestVersion();

/// Brings an empty or older file to `target`, each step one transaction together with PRAGMA user_version, so that an
/// interrupted one is simply run again. Unsupported for a newer file, and for a file of another application.
Result<void> migrate(Database& database, int target = newestVersion());
/// The checks of migrate() without changing anything; also Unsupported when the file is older.
Result<void> checkVersion(Database& database);

}  // namespace klaw::storage
