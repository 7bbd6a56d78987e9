#pragma once

#include <array>
#include <string_view>

namespace klaw::storage {

/// The steps to versions 1, 2, 3, … of the schema in SQLite. Never edited once released; a change is a new one.
std::string_view sqliteSchemaStep(int version);
inline constexpr int newestSqliteSchema = 8;

}  // namespace klaw::storage
