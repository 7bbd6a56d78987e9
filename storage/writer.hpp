#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/retention.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::storage {

/// Places in a commit where a test may step in.
enum class WriteStep {
    Begin,    ///< before BEGIN
    Apply,    ///< before each unit
    Applied,  ///< after each unit
    Commit,   ///< before COMMIT
    Done,     ///< after COMMIT, before anybody is told
};

struct WriterOptions {
    std::size_t maxGroup = 100;     ///< units in one transaction
    std::size_t highWater = 1'000;  ///< waiting units at which `pressure` says true; false at half of it
    std::size_t maxWaiting = 10'000;
    Duration firstRetry = 100ms;
    Duration longestRetry = 5s;
    /// Units that nobody waits for join a later one within this time of the last commit.
    Duration patience = 10ms;
    /// Pages of 4 KiB in the write-ahead log at which it is copied into the database: when nothing has arrived for
    /// `quietTime`, and at the latest, since a commit that comes meanwhile waits for it.
    std::size_t quietCheckpoint = 500, forcedCheckpoint = 32'000;
    Duration quietTime = 50ms;
    /// On the writer thread or, for true, the submitting one.
    std::function<void(bool high)> pressure;
    /// On the writer thread, at each change: the reason why nothing can be written, nullopt when it can again.
    std::function<void(const std::optional<Error>& reason)> health;
    /// On the writer thread, once, when another agent has taken over (see takeLeadership()): this writer ends, and
    /// nobody has been told anything of what waited yet.
    std::function<void(const Error& reason)> overtaken;
    /// Called with a running number from 1; a returned error is taken for one of the engine at that place, except at
    /// Done.
    std::function<Result<void>(WriteStep step, std::uint64_t number)> intercept;
};

struct WriterStats {
    std::uint64_t committedUnits = 0;
    std::uint64_t commits = 0;        ///< transactions
    std::uint64_t refusedUnits = 0;   ///< Conflict and the like: the unit's own fault
    std::uint64_t droppedUnits = 0;   ///< for want of room
    std::uint64_t failedCommits = 0;  ///< that were tried again
};

/// Owns the writing connection and the one thread that uses it. All functions may be called from any thread; callbacks
/// run on the writer thread, in the order of submission, after the commit, and must not block or throw.
///
/// An idle writer commits at once; units that arrive meanwhile share the next transaction. Busy, it lets patient() ones
/// wait for company. A unit that is refused
/// (Conflict) leaves the others alone. When the disk is full or fails, units wait in memory and are tried again with
/// growing pauses until it works; above `maxWaiting` the oldest that is not essential() is dropped, and where all are
/// essential the new one. The same while a server is away; where a commit was sent and its answer is lost, it is looked
/// up first whether it is in, so that nothing is written twice. A dropped unit's callback gets ResourceExhausted at
/// once, on the submitting thread.
class Writer {
public:
    template <class T>
    using Callback = std::function<void(Result<T>)>;

    explicit Writer(Database database, WriterOptions options = {});
    /// stop()
    ~Writer();

    void submit(UnitOfWork unit, Callback<Committed> done = {});
    /// In small transactions that let others pass.
    void prune(TimePoint now, RetentionLimits limits, Callback<PruneReport> done);

    /// Waits until all that was submitted before is durable or refused; false when it is not after `limit`.
    bool flush(Duration limit);
    /// Writes what is waiting, gives up at the first failure (the rest gets Unavailable) and closes the connection.
    /// Later submissions get Unavailable on the calling thread. Not to be called from a callback.
    void stop();

    std::size_t queued() const;  ///< waiting or being written
    bool degraded() const;
    std::optional<Error> degradedReason() const;
    WriterStats stats() const;

private:
    class Core;
    struct Pruning;
    std::unique_ptr<Core> core_;
};

}  // namespace klaw::storage
