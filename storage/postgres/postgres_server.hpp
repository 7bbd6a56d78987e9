#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::storage {

class StatementCache;

struct PostgresOptions {
    bool readOnly = false;
    Duration lockTimeout = 5s;
    /// A statement that takes longer is broken off by the server, and a little later, when the server says nothing,
    /// by this side. Zero: no limit.
    Duration answerWithin = 15s;
};

/// A PostgreSQL server and database, and connections to it that wait for their next reader: to make one takes longer
/// than to read. Any thread.
class PostgresServer {
public:
    static Result<std::shared_ptr<PostgresServer>> at(const std::string& url);

    const std::string& place() const { return place_; }
    /// A new connection; its schema is not looked at.
    Result<std::shared_ptr<StatementCache>> connect(const PostgresOptions& options) const;

    /// For reading: an idle connection, or nothing.
    std::shared_ptr<StatementCache> takeIdle();
    void giveBack(std::shared_ptr<StatementCache> connection);
    /// While a server does not answer, readers are told so at once and not after a timeout each.
    std::optional<Error> lastFailure() const;
    void noteFailure(const Error& error);

private:
    PostgresServer(std::string url, std::string place) : url_(std::move(url)), place_(std::move(place)) {}

    std::string url_, place_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<StatementCache>> idle_;
    std::optional<Error> failure_;
    std::chrono::steady_clock::time_point failedAt_;
};

}  // namespace klaw::storage
