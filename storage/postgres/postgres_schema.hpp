#pragma once

#include <string_view>

namespace klaw::storage {

/// The steps to each version of the schema in PostgreSQL; empty for those before the first. Never edited once
/// released; a change is a new one, and beside it one for SQLite.
std::string_view postgresSchemaStep(int version);
inline constexpr int firstPostgresSchema = 8;
inline constexpr int newestPostgresSchema = 8;

}  // namespace klaw::storage
