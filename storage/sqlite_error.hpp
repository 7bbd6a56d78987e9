#pragma once

#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace klaw::storage {

/// The Error for an SQLite result code, worded for people; see Database for what the codes mean.
Error sqliteError(sqlite3* handle, int code, std::string_view path);

/// The trouble is with the disk or the file, not with what was asked: the same may work later.
bool isEnvironmental(const Error& error);

}  // namespace klaw::storage
