#include "storage/database.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include "storage/migration.hpp"
#include "storage/private_file.hpp"
#include "storage/sqlite_error.hpp"
#include "storage/statement_cache.hpp"

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

void Database::Closer::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Database::Database(std::string path, std::unique_ptr<sqlite3, Closer> handle, bool readOnly)
    : path_(std::move(path)),
      handle_(std::move(handle)),
      statements_(std::make_shared<StatementCache>(handle_.get(), path_)),
      logPages_(std::make_unique<std::size_t>(0)),
      readOnly_(readOnly) {}

Database::Database(Database&&) noexcept = default;

Database& Database::operator=(Database&& other) noexcept {
    statements_ = std::move(other.statements_);
    handle_ = std::move(other.handle_);
    path_ = std::move(other.path_);
    logPages_ = std::move(other.logPages_);
    readOnly_ = other.readOnly_;
    term_ = other.term_;
    return *this;
}

Database::~Database() {
    statements_.reset();
}

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
    bool readOnly = options.mode == OpenOptions::Mode::ReadOnly;
    bool inMemory = path == ":memory:";
    if (readOnly && !inMemory && ::access(path.c_str(), F_OK) != 0)
        return fail(ErrorCode::NotFound, "there is no database", path,
                    "start the agent once, or give its data directory");
    if (!readOnly && !inMemory)
        if (auto created = createPrivately(path); !created) return fail(std::move(created).error());
    sqlite3* handle = nullptr;
    int flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    std::unique_ptr<sqlite3, Closer> owned(handle);
    if (code != SQLITE_OK) return fail(sqliteError(handle, code, path));
    Database database(path, std::move(owned), readOnly);
    if (auto configured = database.configure(options); !configured) return fail(std::move(configured).error());
    if (auto sound = database.verify(options.check); !sound) return fail(std::move(sound).error());
    auto fits = readOnly ? checkVersion(database) : migrate(database);
    if (!fits) return fail(std::move(fits).error());
    return database;
}

Result<void> Database::configure(const OpenOptions& options) {
    sqlite3_busy_timeout(
        handle_.get(),
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(options.busyTimeout).count()));
    if (auto done = execute("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF");
        !done)
        return done;
    if (readOnly_) return {};
    auto done = execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = "
        "16777216");
    sqlite3_wal_hook(handle_.get(), noteLogPages, logPages_.get());
    return done;
}

Result<void> Database::checkpoint() {
    int code = sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqliteError(handle_.get(), code, path_));
    *logPages_ = 0;
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto statement = statements_->take(sql);
    if (!statement) return fail(std::move(statement).error());
    return Statement(statements_, sql, *statement);
}

Result<void> Database::execute(std::string_view sql) {
    std::string text(sql);
    int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqliteError(handle_.get(), code, path_));
    return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
    std::int64_t value = 0;
    auto done = query(sql, [&](const Statement& row) { value = row.integer(0); });
    if (!done) return fail(std::move(done).error());
    return value;
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle_.get());
}

bool Database::inTransaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

Result<void> Database::verify(OpenOptions::Check check) {
    if (check == OpenOptions::Check::None) return {};
    std::string findings;
    auto note = [&](const Statement& row) {
        auto text = row.text(0);
        if (text != "ok") findings += (findings.empty() ? "" : "; ") + text;
    };
    auto done = check == OpenOptions::Check::Quick ? query("PRAGMA quick_check(5)", note)
                                                   : query("PRAGMA integrity_check(20)", note);
    if (!done) return done;
    if (findings.empty()) return {};
    return fail(ErrorCode::DataLoss, "the database is damaged: " + findings, path_,
                "restore a copy, or move the file away and start anew: open problems are found again");
}

}  // namespace klaw::storage
