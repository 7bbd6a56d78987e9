#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace klaw::storage {

/// Compiled statements that nobody uses now, by their text.
class StatementCache {
public:
    StatementCache(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
    ~StatementCache();
    StatementCache(const StatementCache&) = delete;
    StatementCache& operator=(const StatementCache&) = delete;

    Result<sqlite3_stmt*> take(std::string_view sql);
    void giveBack(std::string_view sql, sqlite3_stmt* statement);
    Error errorOf(int code) const;

private:
    sqlite3* handle_;
    std::string path_;
    std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle_;
};

}  // namespace klaw::storage
