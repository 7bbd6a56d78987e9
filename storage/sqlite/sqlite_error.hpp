#pragma once

#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace klaw::storage {

/// The Error for an SQLite result code, worded for people; see Database for what the codes mean.
Error sqliteError(sqlite3* handle, int code, std::string_view path);

}  // namespace klaw::storage
