#include "storage/transaction.hpp"

namespace klaw::storage {

Result<Transaction> Transaction::begun(Database& database, Result<void> outcome) {
    if (!outcome) return fail(std::move(outcome).error());
    return Transaction(database);
}

Result<Transaction> Transaction::begin(Database& database) {
    return begun(database, database.connection().begin(database.term()));
}

Result<Transaction> Transaction::beginSchemaChange(Database& database) {
    return begun(database, database.connection().beginSchemaChange());
}

Result<Transaction> Transaction::beginReading(Database& database) {
    return begun(database, database.connection().beginReading());
}

// SQLite may have rolled back by itself after a full disk; a rollback that finds nothing to undo is no failure.
Transaction::~Transaction() {
    if (database_ && database_->inTransaction()) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    auto done = database_->connection().commit();
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
