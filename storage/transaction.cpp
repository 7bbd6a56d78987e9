#include "storage/transaction.hpp"

namespace klaw::storage {

Result<Transaction> Transaction::begin(Database& database) {
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(std::move(begun).error());
    Transaction transaction(database);
    if (!database.term()) return transaction;
    auto term = database.integer("SELECT term FROM leadership WHERE id = 1");
    if (!term) return fail(std::move(term).error());
    if (*term != *database.term())
        return fail(ErrorCode::Expired, "another agent has taken over the database", database.path());
    return transaction;
}

// SQLite may have rolled back by itself after a full disk; a rollback that finds nothing to undo is no failure.
Transaction::~Transaction() {
    if (database_ && database_->inTransaction()) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    auto done = database_->execute("COMMIT");
    if (!done) return done;
    database_ = nullptr;
    return {};
}

Result<Savepoint> Savepoint::begin(Database& database) {
    if (auto begun = database.execute("SAVEPOINT unit"); !begun) return fail(std::move(begun).error());
    return Savepoint(database);
}

Savepoint::~Savepoint() {
    if (database_ && database_->inTransaction()) static_cast<void>(undo());
}

Result<void> Savepoint::release() {
    auto done = database_->execute("RELEASE unit");
    if (!done) return done;
    database_ = nullptr;
    return {};
}

Result<void> Savepoint::undo() {
    auto* database = std::exchange(database_, nullptr);
    return database->execute("ROLLBACK TO unit; RELEASE unit");
}

}  // namespace klaw::storage
