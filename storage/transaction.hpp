#pragma once

#include <utility>

#include "base/result.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// Rolled back when it goes without commit().
class Transaction {
public:
    /// Keeps other writers out. Expired when the database writes in a term that is over.
    static Result<Transaction> begin(Database& database);
    static Result<Transaction> beginSchemaChange(Database& database);
    /// Several reads of one state.
    static Result<Transaction> beginReading(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// After a failure nothing of it is in the database, unless Connection::commitInDoubt().
    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    static Result<Transaction> begun(Database& database, Result<void> outcome);
    Database* database_;
};

/// Part of a transaction that can be undone alone; undone when it goes without release(), as far as that works.
class Savepoint {
public:
    static Result<Savepoint> begin(Database& database);
    Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Savepoint& operator=(Savepoint&&) = delete;
    ~Savepoint();

    Result<void> release();
    /// For callers that commit the rest: after a failure the whole transaction must be rolled back.
    Result<void> undo();

private:
    explicit Savepoint(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace klaw::storage
