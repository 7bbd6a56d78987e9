#include "storage/statement.hpp"

#include <sqlite3.h>

#include "base/text/utf8.hpp"
#include "storage/sqlite_error.hpp"
#include "storage/statement_cache.hpp"

namespace klaw::storage {

StatementCache::~StatementCache() {
    for (auto& [sql, statements] : idle_)
        for (auto* statement : statements) sqlite3_finalize(statement);
}

Result<sqlite3_stmt*> StatementCache::take(std::string_view sql) {
    if (auto found = idle_.find(std::string(sql)); found != idle_.end() && !found->second.empty()) {
        auto* statement = found->second.back();
        found->second.pop_back();
        return statement;
    }
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                  &statement, nullptr);
    if (code != SQLITE_OK) return fail(errorOf(code));
    return statement;
}

void StatementCache::giveBack(std::string_view sql, sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    idle_[std::string(sql)].push_back(statement);
}

Error StatementCache::errorOf(int code) const {
    return sqliteError(handle_, code, path_);
}

Statement::Statement(std::shared_ptr<StatementCache> cache, std::string_view sql, sqlite3_stmt* handle)
    : cache_(std::move(cache)), sql_(sql), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : cache_(std::move(other.cache_)),
      sql_(other.sql_),
      handle_(std::exchange(other.handle_, nullptr)),
      bindFailure_(other.bindFailure_) {}

Statement::~Statement() {
    if (handle_) cache_->giveBack(sql_, handle_);
}

void Statement::note(int code) {
    if (code != SQLITE_OK && bindFailure_ == 0) bindFailure_ = code;
}

Statement& Statement::bind(int parameter, std::nullptr_t) {
    note(sqlite3_bind_null(handle_, parameter));
    return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_, parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, double value) {
    note(sqlite3_bind_double(handle_, parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
    if (isValidUtf8(value)) {
        note(sqlite3_bind_text64(handle_, parameter, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8));
    } else {
        auto mended = validUtf8(value);
        note(sqlite3_bind_text64(handle_, parameter, mended.data(), mended.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    return *this;
}

Result<bool> Statement::step() {
    if (bindFailure_ != 0) return fail(cache_->errorOf(bindFailure_));
    int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    auto error = cache_->errorOf(code);
    sqlite3_reset(handle_);
    return fail(std::move(error));
}

Result<void> Statement::run() {
    for (;;) {
        auto more = step();
        if (!more) return fail(std::move(more).error());
        if (*more) continue;
        reset();
        return {};
    }
}

void Statement::reset() {
    sqlite3_reset(handle_);
}

bool Statement::isNull(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(handle_, column);
}

std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))) : std::string();
}

std::optional<TimePoint> Statement::optionalTime(int column) const {
    if (isNull(column)) return std::nullopt;
    return time(column);
}

}  // namespace klaw::storage
