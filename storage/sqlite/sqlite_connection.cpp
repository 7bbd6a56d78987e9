#include "storage/sqlite/sqlite_connection.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include "storage/private_file.hpp"
#include "storage/sqlite/sqlite_error.hpp"
#include "storage/sqlite/sqlite_statement.hpp"
#include "storage/storage_error.hpp"

namespace klaw::storage {
namespace {

/// SQLite alone would give the file the mode that the process's umask leaves.
Result<void> createPrivately(const std::string& path) {
    auto descriptor = openPrivately(path, "the database");
    if (!descriptor) return fail(std::move(descriptor).error());
    ::close(*descriptor);
    return {};
}

int noteLogPages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<std::size_t*>(pages) = static_cast<std::size_t>(count);
    return SQLITE_OK;
}

}  // namespace

void SqliteConnection::Closer::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

SqliteConnection::SqliteConnection(std::string path, std::unique_ptr<sqlite3, Closer> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path,
                                                                 const SqliteOptions& options) {
    bool inMemory = path == ":memory:";
    if (options.readOnly && !inMemory && ::access(path.c_str(), F_OK) != 0)
        return fail(ErrorCode::NotFound, "there is no database", path,
                    "start the agent once, or give its data directory");
    if (!options.readOnly && !inMemory)
        if (auto created = createPrivately(path); !created) return fail(std::move(created).error());
    sqlite3* handle = nullptr;
    int flags = (options.readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    std::unique_ptr<sqlite3, Closer> owned(handle);
    if (code != SQLITE_OK) return fail(sqliteError(handle, code, path));
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, std::move(owned)));
    if (auto configured = connection->configure(options); !configured) return fail(std::move(configured).error());
    return connection;
}

Result<void> SqliteConnection::configure(const SqliteOptions& options) {
    sqlite3_busy_timeout(
        handle_.get(),
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(options.busyTimeout).count()));
    if (auto done = execute("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF");
        !done)
        return done;
    if (options.readOnly) return {};
    auto done = execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = "
        "16777216");
    sqlite3_wal_hook(handle_.get(), noteLogPages, &logPages_);
    return done;
}

Result<std::unique_ptr<PreparedStatement>> SqliteConnection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                  &statement, nullptr);
    if (code != SQLITE_OK) return fail(sqliteError(handle_.get(), code, path_));
    return std::make_unique<SqliteStatement>(handle_.get(), statement, path_);
}

Result<void> SqliteConnection::execute(std::string_view sql) {
    std::string text(sql);
    int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqliteError(handle_.get(), code, path_));
    return {};
}

std::int64_t SqliteConnection::changes() const {
    return sqlite3_changes64(handle_.get());
}

bool SqliteConnection::inTransaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

Result<void> SqliteConnection::begin(std::optional<std::int64_t> term) {
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
    if (!term) return {};
    if (!termStatement_) {
        auto prepared = prepare("SELECT term FROM leadership WHERE id = 1");
        if (!prepared) return fail(std::move(prepared).error());
        termStatement_ = std::move(*prepared);
    }
    auto row = termStatement_->step();
    bool held = row && *row && termStatement_->integer(0) == *term;
    termStatement_->reset();
    if (held) return {};
    static_cast<void>(execute("ROLLBACK"));
    return row ? fail(overtaken(path_)) : fail(std::move(row).error());
}

Result<void> SqliteConnection::beginSchemaChange() {
    return execute("BEGIN IMMEDIATE");
}

Result<void> SqliteConnection::beginReading() {
    return execute("BEGIN");
}

Result<void> SqliteConnection::commit() {
    return execute("COMMIT");
}

Result<std::int64_t> SqliteConnection::integer(std::string_view sql) {
    auto prepared = prepare(sql);
    if (!prepared) return fail(std::move(prepared).error());
    auto row = (*prepared)->step();
    if (!row) return fail(std::move(row).error());
    return *row ? (*prepared)->integer(0) : 0;
}

Result<int> SqliteConnection::schemaVersion() {
    auto application = integer("PRAGMA application_id");
    if (!application) return fail(std::move(application).error());
    auto version = integer("PRAGMA user_version");
    if (!version) return fail(std::move(version).error());
    auto tables = integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return fail(std::move(tables).error());
    bool empty = *application == 0 && *version == 0 && *tables == 0;
    if (empty || *application == applicationId) return static_cast<int>(*version);
    return fail(ErrorCode::Unsupported, "this is a database of another program", path_,
                "give Klaw a data directory of its own");
}

Result<void> SqliteConnection::setSchemaVersion(int version) {
    return execute("PRAGMA application_id = " + std::to_string(applicationId) +
                   "; PRAGMA user_version = " + std::to_string(version));
}

Result<std::int64_t> SqliteConnection::sizeInBytes() {
    return integer("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
}

Result<void> SqliteConnection::checkpoint() {
    int code = sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqliteError(handle_.get(), code, path_));
    logPages_ = 0;
    return {};
}

Result<void> SqliteConnection::verify(FileCheck check) {
    if (check == FileCheck::None) return {};
    auto prepared = prepare(check == FileCheck::Quick ? "PRAGMA quick_check(5)" : "PRAGMA integrity_check(20)");
    if (!prepared) return fail(std::move(prepared).error());
    std::string findings;
    for (;;) {
        auto row = (*prepared)->step();
        if (!row) return fail(std::move(row).error());
        if (!*row) break;
        auto text = (*prepared)->text(0);
        if (text != "ok") findings += (findings.empty() ? "" : "; ") + text;
    }
    if (findings.empty()) return {};
    return fail(ErrorCode::DataLoss, "the database is damaged: " + findings, path_,
                "restore a copy, or move the file away and start anew: open problems are found again");
}

}  // namespace klaw::storage
