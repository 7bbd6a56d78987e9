#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::storage {

enum class Engine { Sqlite, Postgres };
std::string_view toString(Engine engine);  ///< "SQLite", "PostgreSQL"

/// How thoroughly a file is looked at when it is opened: PRAGMA quick_check and integrity_check. Time grows with it.
enum class FileCheck { None, Quick, Full };

/// A compiled statement of one engine; see Statement, through which everybody else uses it. Text is valid UTF-8.
class PreparedStatement {
public:
    PreparedStatement() = default;
    PreparedStatement(const PreparedStatement&) = delete;
    PreparedStatement& operator=(const PreparedStatement&) = delete;
    virtual ~PreparedStatement() = default;

    virtual void bindNull(int parameter) = 0;
    virtual void bindInteger(int parameter, std::int64_t value) = 0;
    virtual void bindReal(int parameter, double value) = 0;
    virtual void bindText(int parameter, std::string_view value) = 0;

    /// True while there is a row. The first failed bind is reported here.
    virtual Result<bool> step() = 0;
    /// To be stepped again with the same parameters.
    virtual void reset() = 0;
    /// As it was when it was made.
    virtual void clear() = 0;

    virtual bool isNull(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual double real(int column) const = 0;
    virtual std::string text(int column) const = 0;  ///< empty for NULL
};

/// One connection of one engine, by one thread at a time; see Database. SQL is written in what both engines know;
/// parameters are ? or ?1, columns and tables are those of the schema.
class Connection {
public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;

    virtual Engine engine() const = 0;
    /// The file, or the address of the server without its secrets. The engine's own errors carry it as their place.
    virtual const std::string& place() const = 0;

    virtual Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql) = 0;
    /// Several statements without parameters.
    virtual Result<void> execute(std::string_view sql) = 0;
    virtual std::int64_t changes() const = 0;  ///< rows changed by the last statement
    virtual bool inTransaction() const = 0;

    /// Keeps other writers out until the end of the transaction. Expired, and nothing is begun, when `term` is given
    /// and is not that of the database any more: another agent has taken over.
    virtual Result<void> begin(std::optional<std::int64_t> term) = 0;
    /// For changes of the schema, when there may be none yet.
    virtual Result<void> beginSchemaChange() = 0;
    /// For several reads of one state.
    virtual Result<void> beginReading() = 0;
    virtual Result<void> commit() = 0;

    /// The last commit() failed in a way that leaves open whether the transaction is in the database.
    virtual bool commitInDoubt() const { return false; }
    /// Whether it is. To be asked again after a failure. Expired as begin().
    virtual Result<bool> lastCommitLanded(std::optional<std::int64_t>) { return false; }

    /// False once the connection is lost.
    virtual bool usable() const { return true; }
    /// Held until the connection goes: keeps a second agent out, where nothing else does. Conflict when there is one,
    /// after the time that is waited for locks.
    virtual Result<void> keepOthersOut() { return {}; }

    /// 0 for an empty database. Unsupported when it is one of another program.
    virtual Result<int> schemaVersion() = 0;
    virtual Result<void> setSchemaVersion(int version) = 0;
    virtual Result<void> verify(FileCheck check) = 0;
    virtual Result<std::int64_t> sizeInBytes() = 0;

    /// Pages in the write-ahead log after the last commit, for engines that leave checkpoints to us.
    virtual std::size_t logPages() const { return 0; }
    virtual Result<void> checkpoint() { return {}; }
};

}  // namespace klaw::storage
