#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/statement.hpp"

struct sqlite3;

namespace klaw::storage {

struct OpenOptions {
    enum class Mode {
        ReadWrite,  ///< creates the file (mode 0600), never its directory; migrates to the newest schema
        ReadOnly,   ///< works beside a writing agent; refuses a missing file
    };
    enum class Check { None, Quick, Full };  ///< PRAGMA quick_check and integrity_check: time grows with the file

    Mode mode = Mode::ReadWrite;
    Check check = Check::Quick;
    Duration busyTimeout = 5s;
};

/// One SQLite connection: WAL, synchronous=FULL, foreign keys on. One thread at a time.
///
/// Errors tell apart: disk full (ResourceExhausted, retry later), I/O error or locked (Unavailable, retry later),
/// damaged file or not a database (DataLoss), schema or application of somebody else (Unsupported), no right to it
/// (PermissionDenied), a missing file or directory (NotFound), a broken constraint (Conflict).
class Database {
public:
    static Result<Database> open(const std::string& path, const OpenOptions& options = {});
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    const std::string& path() const { return path_; }
    bool readOnly() const { return readOnly_; }

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

    std::int64_t changes() const;  ///< rows changed by the last statement
    bool inTransaction() const;
    /// Pages in the write-ahead log after the last commit of this connection, which never checkpoints by itself.
    std::size_t logPages() const { return *logPages_; }
    /// Copies the log into the database as far as readers let it.
    Result<void> checkpoint();
    /// Nothing when the file is sound, else the first findings as DataLoss.
    Result<void> verify(OpenOptions::Check check);
    sqlite3* handle() const { return handle_.get(); }

private:
    struct Closer {
        void operator()(sqlite3* handle) const;
    };
    Database(std::string path, std::unique_ptr<sqlite3, Closer> handle, bool readOnly);
    Result<void> configure(const OpenOptions& options);

    std::string path_;
    std::unique_ptr<sqlite3, Closer> handle_;
    std::shared_ptr<StatementCache> statements_;
    std::unique_ptr<std::size_t> logPages_;  ///< SQLite holds a pointer to it
    bool readOnly_;
    std::optional<std::int64_t> term_;
};

}  // namespace klaw::storage
