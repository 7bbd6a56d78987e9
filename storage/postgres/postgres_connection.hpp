#pragma once

#include <memory>
#include <string>

#include "storage/engine.hpp"
#include "storage/postgres/postgres_server.hpp"

namespace klaw::storage {

/// A session of a PostgreSQL server by libpqxx, which nothing else sees. A lost one is made anew where nothing is lost
/// by it: before a transaction, and for a read outside of one.
class PostgresConnection final : public Connection {
public:
    /// `url` has secrets, `place` has none.
    static Result<std::unique_ptr<PostgresConnection>> open(const std::string& url, const std::string& place,
                                                            const PostgresOptions& options);
    ~PostgresConnection() override;

    Engine engine() const override { return Engine::Postgres; }
    const std::string& place() const override { return place_; }
    Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view sql) override;
    std::int64_t changes() const override { return changes_; }
    bool inTransaction() const override { return inTransaction_; }
    Result<void> begin(std::optional<std::int64_t> term) override;
    Result<void> beginSchemaChange() override;
    Result<void> beginReading() override;
    Result<void> commit() override;
    bool commitInDoubt() const override { return commitInDoubt_; }
    Result<bool> lastCommitLanded(std::optional<std::int64_t> term) override;
    bool usable() const override { return isConnected(); }
    Result<void> keepOthersOut() override;
    Result<int> schemaVersion() override;
    Result<void> setSchemaVersion(int version) override;
    Result<void> verify(FileCheck check) override;
    Result<std::int64_t> sizeInBytes() override;

private:
    class Session;
    class Prepared;

    PostgresConnection(std::string url, std::string place, const PostgresOptions& options);
    Result<void> connect();
    Result<void> ensureConnected();
    bool isConnected() const;
    Result<void> beginWith(std::string_view sql);
    Result<void> lockOthersOut();
    Result<std::int64_t> integer(std::string_view sql);
    /// Runs `call` on the session within the time allowed; what it throws becomes an error.
    template <class Call>
    Result<void> guarded(Call&& call);

    const std::string url_, place_;
    const PostgresOptions options_;
    std::unique_ptr<Session> session_;
    std::uint64_t sessions_ = 0;    ///< made so far
    std::uint64_t statements_ = 0;  ///< named so far
    std::int64_t changes_ = 0;
    std::int64_t writes_ = 0;  ///< number of the transaction that is open, or was last
    bool inTransaction_ = false;
    bool commitInDoubt_ = false;
    bool keepsOthersOut_ = false;
};

}  // namespace klaw::storage
