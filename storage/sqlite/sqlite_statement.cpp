#include "storage/sqlite/sqlite_statement.hpp"

#include <sqlite3.h>

#include "storage/sqlite/sqlite_error.hpp"

namespace klaw::storage {

SqliteStatement::~SqliteStatement() {
    sqlite3_finalize(handle_);
}

void SqliteStatement::note(int code) {
    if (code != SQLITE_OK && bindFailure_ == 0) bindFailure_ = code;
}

void SqliteStatement::bindNull(int parameter) {
    note(sqlite3_bind_null(handle_, parameter));
}

void SqliteStatement::bindInteger(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_, parameter, value));
}

void SqliteStatement::bindReal(int parameter, double value) {
    note(sqlite3_bind_double(handle_, parameter, value));
}

void SqliteStatement::bindText(int parameter, std::string_view value) {
    note(sqlite3_bind_text64(handle_, parameter, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT,
                             SQLITE_UTF8));
}

Result<bool> SqliteStatement::step() {
    if (bindFailure_ != 0) return fail(sqliteError(connection_, bindFailure_, path_));
    int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    auto error = sqliteError(connection_, code, path_);
    sqlite3_reset(handle_);
    return fail(std::move(error));
}

void SqliteStatement::reset() {
    sqlite3_reset(handle_);
}

void SqliteStatement::clear() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    bindFailure_ = 0;
}

bool SqliteStatement::isNull(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

double SqliteStatement::real(int column) const {
    return sqlite3_column_double(handle_, column);
}

std::string SqliteStatement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))) : std::string();
}

}  // namespace klaw::storage
