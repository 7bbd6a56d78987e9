#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/engine.hpp"
#include "storage/location.hpp"
#include "storage/statement.hpp"

namespace klaw::storage {

struct OpenOptions {
    enum class Mode {
        ReadWrite,  ///< creates the file (mode 0600), never its directory; migrates to the newest schema
        ReadOnly,   ///< works beside a writing agent; refuses a missing file
    };
    using Check = FileCheck;

    Mode mode = Mode::ReadWrite;
    Check check = Check::Quick;
    Duration busyTimeout = 5s;  ///< for a lock that another holds
    /// For an answer of a server; zero: no limit. Readers are on the event loop.
    Duration answerWithin = 15s;
};

/// One connection, to a file of SQLite or a PostgreSQL server. One thread at a time.
///
/// Errors tell apart: disk full (ResourceExhausted, retry later), I/O error, locked or server away (Unavailable, retry
/// later), damaged file or not a database (DataLoss), schema or application of somebody else (Unsupported), no right
/// to it (PermissionDenied), a missing file or directory (NotFound), a broken constraint (Conflict).
class Database {
public:
    static Result<Database> open(const Location& location, const OpenOptions& options = {});
    Database(Database&&) noexcept = default;
    Database& operator=(Database&& other) noexcept;
    ~Database();

    /// The file, or the address of the server without its secrets.
    const std::string& path() const;
    bool readOnly() const { return readOnly_; }
    Engine engine() const;
    /// The engine's own: transactions, schema, checkpoints.
    Connection& connection();
    const Connection& connection() const;

    /// From now on transactions are refused (Expired) once the database has another term: see takeLeadership().
    void writeInTerm(std::int64_t term) { term_ = term; }
    std::optional<std::int64_t> term() const { return term_; }

    /// From the cache, or compiled. `sql` must live as long as the statement.
    Result<Statement> prepare(std::string_view sql);
    /// Runs one statement with these parameters.
    template <class... Values>
    Result<void> run(std::string_view sql, const Values&... values) {
        auto statement = prepare(sql);
        if (!statement) return fail(std::move(statement).error());
        return statement->bindAll(values...).run();
    }
    /// Calls `row(const Statement&)` for each row.
    template <class Row, class... Values>
    Result<void> query(std::string_view sql, Row&& row, const Values&... values) {
        auto statement = prepare(sql);
        if (!statement) return fail(std::move(statement).error());
        statement->bindAll(values...);
        for (;;) {
            auto more = statement->step();
            if (!more) return fail(std::move(more).error());
            if (!*more) return {};
            row(std::as_const(*statement));
        }
    }
    /// Several statements without parameters; for schema and pragmas.
    Result<void> execute(std::string_view sql);
    Result<std::int64_t> integer(std::string_view sql);

    std::int64_t changes() const { return connection().changes(); }  ///< rows changed by the last statement
    bool inTransaction() const { return connection().inTransaction(); }
    /// Nothing when the file is sound, else the first findings as DataLoss.
    Result<void> verify(OpenOptions::Check check) { return connection().verify(check); }

private:
    Database(std::shared_ptr<StatementCache> statements, bool readOnly);
    static Result<Database> connect(const Location& location, const OpenOptions& options);
    static Result<Database> borrow(const Location& location, const OpenOptions& options);

    std::shared_ptr<StatementCache> statements_;  ///< with the connection
    std::shared_ptr<PostgresServer> lender_;      ///< to whom the connection is given back
    bool readOnly_;
    std::optional<std::int64_t> term_;
};

}  // namespace klaw::storage
