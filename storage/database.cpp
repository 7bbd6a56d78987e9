#include "storage/database.hpp"

#include "storage/migration.hpp"
#include "storage/postgres/postgres_server.hpp"
#include "storage/sqlite/sqlite_connection.hpp"
#include "storage/statement_cache.hpp"

namespace klaw::storage {
namespace {

PostgresOptions postgresOptions(const OpenOptions& options) {
    PostgresOptions made;
    made.readOnly = options.mode == OpenOptions::Mode::ReadOnly;
    made.lockTimeout = options.busyTimeout;
    made.answerWithin = options.answerWithin;
    return made;
}

}  // namespace

std::string_view toString(Engine engine) {
    return engine == Engine::Postgres ? "PostgreSQL" : "SQLite";
}

Database::Database(std::shared_ptr<StatementCache> statements, bool readOnly)
    : statements_(std::move(statements)), readOnly_(readOnly) {}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(statements_, other.statements_);
    std::swap(lender_, other.lender_);
    std::swap(readOnly_, other.readOnly_);
    std::swap(term_, other.term_);
    return *this;
}

Database::~Database() {
    bool reusable = lender_ && statements_ && connection().usable() && !inTransaction();
    if (reusable) lender_->giveBack(std::move(statements_));
}

const std::string& Database::path() const {
    return connection().place();
}

Engine Database::engine() const {
    return connection().engine();
}

Connection& Database::connection() {
    return statements_->connection();
}

const Connection& Database::connection() const {
    return statements_->connection();
}

Result<Database> Database::open(const Location& location, const OpenOptions& options) {
    bool readOnly = options.mode == OpenOptions::Mode::ReadOnly;
    if (readOnly && location.isPostgres()) return borrow(location, options);
    auto database = connect(location, options);
    if (!database) return database;
    if (auto sound = database->verify(options.check); !sound) return fail(std::move(sound).error());
    auto fits = readOnly ? checkVersion(*database) : migrate(*database);
    if (!fits) return fail(std::move(fits).error());
    return database;
}

Result<Database> Database::connect(const Location& location, const OpenOptions& options) {
    bool readOnly = options.mode == OpenOptions::Mode::ReadOnly;
    if (location.isPostgres()) {
        auto connection = location.server()->connect(postgresOptions(options));
        if (!connection) return fail(std::move(connection).error());
        return Database(std::move(*connection), readOnly);
    }
    auto connection = SqliteConnection::open(location.place(), {readOnly, options.busyTimeout});
    if (!connection) return fail(std::move(connection).error());
    return Database(std::make_shared<StatementCache>(std::move(*connection)), readOnly);
}

/// An idle connection of an earlier reader, or a new one; it is lent to the next reader afterwards.
Result<Database> Database::borrow(const Location& location, const OpenOptions& options) {
    const auto& server = location.server();
    if (auto failure = server->lastFailure()) return fail(std::move(*failure));
    if (auto idle = server->takeIdle()) {
        Database database(std::move(idle), true);
        database.lender_ = server;
        return database;
    }
    auto database = connect(location, options);
    if (!database) {
        server->noteFailure(database.error());
        return database;
    }
    if (auto fits = checkVersion(*database); !fits) return fail(std::move(fits).error());
    database->lender_ = server;
    return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto statement = statements_->take(sql);
    if (!statement) return fail(std::move(statement).error());
    return Statement(statements_, sql, std::move(*statement));
}

Result<void> Database::execute(std::string_view sql) {
    return connection().execute(sql);
}

Result<std::int64_t> Database::integer(std::string_view sql) {
    std::int64_t value = 0;
    auto done = query(sql, [&](const Statement& row) { value = row.integer(0); });
    if (!done) return fail(std::move(done).error());
    return value;
}

}  // namespace klaw::storage
