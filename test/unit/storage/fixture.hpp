#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "storage/database.hpp"
#include "storage/unit_of_work.hpp"
#include "storage/writer.hpp"

namespace klaw::storage::testing {

/// A directory that goes with the test.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// A database of the engine that the program tests, empty; it goes with the test.
class TestDatabase {
public:
    TestDatabase() = default;
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;
    virtual ~TestDatabase() = default;
    virtual const Location& location() const = 0;
    /// SQL as somebody would run it who has the file or the rights of the owner. Fails the test where it does not work.
    virtual void tamper(const std::string& sql) = 0;
    /// After this the triggers that keep the audit log as it is are gone.
    virtual void dropAuditTriggers() = 0;
};
/// Each engine's program has its own.
std::unique_ptr<TestDatabase> makeTestDatabase();

/// A test with a database that begins without a schema.
class WithDatabase : public ::testing::Test {
protected:
    /// Fails the test and throws when it does not work.
    Database open(const OpenOptions& options = {});
    const Location& location() const { return database_->location(); }
    /// Of SQLite.
    const std::string& file() const { return location().place(); }

    std::unique_ptr<TestDatabase> database_ = makeTestDatabase();
};

/// 2023-11-14T22:13:20Z and so many seconds.
TimePoint at(int seconds);

rules::Alert firingAlert(const std::string& fingerprint);
rules::Incident openIncident(const std::string& id, std::uint64_t revision = 1);
Delivery cardFor(const std::string& incident, std::uint64_t revision, const std::string& channel = "oncall");
Offer restartOffer(const std::string& nonce, TimePoint expiresAt);
AuditEntry allowedRestart(const std::string& target);

UnitOfWork auditOnly(const std::string& target);
/// Everything that one transition brings with it.
UnitOfWork transition(int i);
UnitOfWork startOf(const std::string& deliveryId, TimePoint when, const std::string& batchId = {});
UnitOfWork resultOf(const std::string& deliveryId, AttemptOutcome outcome, TimePoint when,
                    const std::string& platformRef = {});

/// Submits and waits for the outcome.
Result<Committed> commit(Writer& writer, UnitOfWork unit);
Result<PruneReport> prune(Writer& writer, TimePoint now, const RetentionLimits& limits);

/// The value, or a failed test with the error's sentence.
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().describe());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace klaw::storage::testing
