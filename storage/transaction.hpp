#pragma once

#include <utility>

#include "base/result.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// BEGIN IMMEDIATE … COMMIT; rolls back when it goes without commit().
class Transaction {
public:
    /// Expired when the database writes in a term that is over.
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// After a failure nothing of it is in the database.
    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
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
