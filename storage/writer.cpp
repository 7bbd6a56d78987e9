#include "storage/writer.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/apply_unit.hpp"
#include "storage/prune.hpp"
#include "storage/storage_error.hpp"
#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

/// One thing to be written and who wants to know of it.
struct Job {
    std::function<Result<void>(Database&)> apply;
    std::function<void(Result<void>)> done;
    bool essential = true;
    bool patient = false;      ///< nobody waits for it
    std::uint64_t number = 0;  ///< in the order of submission, from 1
    Result<void> outcome;
};

void tell(Job& job, Result<void> outcome) {
    if (job.done) job.done(std::move(outcome));
}

Error unavailable(std::string message) {
    return Error(ErrorCode::Unavailable, std::move(message)).withRetry(Retry::later());
}

}  // namespace

class Writer::Core {
public:
    Core(Database database, WriterOptions options)
        : database_(std::move(database)), options_(std::move(options)), thread_([this] { run(); }) {}
    ~Core() { stop(); }

    void submit(Job job) {
        std::optional<Error> closed;
        bool raisePressure = false;
        std::optional<Job> dropped;
        {
            std::lock_guard lock(mutex_);
            if (stopping_)
                closed = overtaken_ ? *overtaken_ : unavailable("the database is closed");
            else {
                job.number = ++submitted_;
                urgent_ += job.patient ? 0 : 1;
                waiting_.push_back(std::move(job));
                if (waiting_.size() > options_.maxWaiting) dropped = dropOne();
                raisePressure = !pressure_ && waiting_.size() >= options_.highWater;
                pressure_ = pressure_ || raisePressure;
            }
        }
        if (closed) return tell(job, fail(std::move(*closed)));
        wake_.notify_one();
        if (dropped)
            tell(*dropped, fail(ErrorCode::ResourceExhausted,
                                "dropped: the database cannot be written and too much waits for it"));
        if (raisePressure && options_.pressure) options_.pressure(true);
    }

    bool flush(Duration limit) {
        std::unique_lock lock(mutex_);
        auto last = submitted_;
        return settled_.wait_for(lock, limit, [&] { return oldestUnsettled() > last; });
    }

    void stop() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        std::lock_guard lock(joining_);
        if (thread_.joinable()) thread_.join();
    }

    std::size_t queued() const {
        std::lock_guard lock(mutex_);
        return groupSize_ + waiting_.size();
    }
    std::optional<Error> degradedReason() const {
        std::lock_guard lock(mutex_);
        return degraded_;
    }
    WriterStats stats() const {
        std::lock_guard lock(mutex_);
        return stats_;
    }

private:
    /// The oldest that may be dropped, or the newest when none may.
    Job dropOne() {
        auto victim = std::find_if(waiting_.begin(), waiting_.end(), [](const Job& job) { return !job.essential; });
        if (victim == waiting_.end()) victim = std::prev(waiting_.end());
        auto job = std::move(*victim);
        waiting_.erase(victim);
        urgent_ -= job.patient ? 0 : 1;
        ++stats_.droppedUnits;
        return job;
    }

    std::uint64_t oldestUnsettled() const {
        if (groupSize_ > 0) return groupFirst_;
        return waiting_.empty() ? submitted_ + 1 : waiting_.front().number;
    }

    void run() {
        std::vector<Job> group;
        auto pause = options_.firstRetry;
        while (takeGroup(group)) {
            auto written = writeGroup(group);
            if (written) {
                pause = options_.firstRetry;
                setDegraded(std::nullopt);
                settle(group);
                if (checkpointAt(options_.forcedCheckpoint)) checkpoint();
                continue;
            }
            // Whoever hears that nothing can be written goes on without; one that is overtaken must not.
            if (isOvertaken(written.error())) return endTerm(group, written.error());
            setDegraded(written.error());
            if (lastTry_) break;
            waitBeforeRetry(pause);
            pause = std::min(pause * 2, options_.longestRetry);
        }
        giveUp(group, unavailable("the database could not be written before the end"));
        const Database closed = std::move(database_);
    }

    /// Another agent writes now. Nothing of this one ever gets in again.
    void endTerm(std::vector<Job>& group, const Error& reason) {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
            overtaken_ = reason;
        }
        // Before anybody hears of their unit: they would go on without, as with a full disk.
        if (options_.overtaken) options_.overtaken(reason);
        giveUp(group, reason);
        const Database closed = std::move(database_);
    }

    /// Adds what has arrived meanwhile to a group that failed before. False when there is nothing more to do.
    bool takeGroup(std::vector<Job>& group) {
        bool relieved = false;
        {
            std::unique_lock lock(mutex_);
            if (group.empty()) awaitWork(lock);
            bool settled = !database_.connection().commitInDoubt();  // else the group is what it was
            while (settled && !waiting_.empty() && group.size() < options_.maxGroup) {
                group.push_back(std::move(waiting_.front()));
                waiting_.pop_front();
                urgent_ -= group.back().patient ? 0 : 1;
            }
            lastGroup_ = std::chrono::steady_clock::now();
            groupSize_ = group.size();
            if (!group.empty()) groupFirst_ = group.front().number;
            lastTry_ = stopping_;
            relieved = pressure_ && waiting_.size() <= options_.highWater / 2;
            pressure_ = pressure_ && !relieved;
        }
        if (relieved && options_.pressure) options_.pressure(false);
        return !group.empty();
    }

    void awaitWork(std::unique_lock<std::mutex>& lock) {
        auto some = [&] { return stopping_ || !waiting_.empty(); };
        auto urgent = [&] { return stopping_ || urgent_ > 0; };
        if (checkpointAt(options_.quietCheckpoint) && !wake_.wait_for(lock, options_.quietTime, some)) {
            lock.unlock();
            checkpoint();
            lock.lock();
        }
        wake_.wait(lock, some);
        wake_.wait_until(lock, lastGroup_ + options_.patience, urgent);
    }

    bool checkpointAt(std::size_t pages) const {
        auto written = database_.connection().logPages();
        return written > 0 && written >= pages;
    }

    /// What is in the log is durable already; a checkpoint that fails is tried again with the next.
    void checkpoint() { static_cast<void>(database_.connection().checkpoint()); }

    Result<void> intercepted(WriteStep step) {
        return options_.intercept ? options_.intercept(step, ++steps_) : Result<void>();
    }

    /// A failure is one of disk or file: nothing of the group is written then. Savepoints, which cost a copy of every
    /// page, are taken only when one of the group has been refused without them.
    Result<void> writeGroup(std::vector<Job>& group) {
        if (database_.connection().commitInDoubt()) {
            auto landed = database_.connection().lastCommitLanded(database_.term());
            if (!landed) return fail(std::move(landed).error());
            if (*landed) return {};  // the jobs have their outcomes from then
        }
        if (auto ok = intercepted(WriteStep::Begin); !ok) return ok;
        auto together = tryGroup(group, false);
        if (!together || *together) return together ? Result<void>() : fail(std::move(together).error());
        auto each = tryGroup(group, true);
        return each ? Result<void>() : fail(std::move(each).error());
    }

    /// False, and nothing is written, when a job was refused and could not be undone alone.
    Result<bool> tryGroup(std::vector<Job>& group, bool undoable) {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return fail(std::move(transaction).error());
        for (auto& job : group) {
            auto written = undoable ? applyUndoable(job) : apply(job);
            if (!written) return fail(std::move(written).error());
            if (!job.outcome && !undoable) return false;
        }
        if (auto ok = intercepted(WriteStep::Commit); !ok) return fail(std::move(ok).error());
        if (auto committed = transaction->commit(); !committed) return fail(std::move(committed).error());
        static_cast<void>(intercepted(WriteStep::Done));  // it is durable, whatever happens now
        return true;
    }

    /// A failure is one of disk or file. What the job itself did wrong goes into its outcome.
    Result<void> apply(Job& job) {
        if (auto ok = intercepted(WriteStep::Apply); !ok) return ok;
        job.outcome = job.apply(database_);
        if (!job.outcome && isFailureOfDisk(job.outcome.error())) return job.outcome;
        return intercepted(WriteStep::Applied);
    }

    Result<void> applyUndoable(Job& job) {
        auto savepoint = Savepoint::begin(database_);
        if (!savepoint) return fail(std::move(savepoint).error());
        if (auto applied = apply(job); !applied) return applied;
        return job.outcome ? savepoint->release() : savepoint->undo();
    }

    /// A job may be refused with the same codes, but only the engine's own failures carry its place.
    bool isFailureOfDisk(const Error& error) const { return isEnvironmental(error) && error.place == database_.path(); }

    void settle(std::vector<Job>& group) {
        {
            std::lock_guard lock(mutex_);
            ++stats_.commits;
            for (const auto& job : group) ++(job.outcome ? stats_.committedUnits : stats_.refusedUnits);
        }
        for (auto& job : group) tell(job, std::move(job.outcome));
        group.clear();
        std::lock_guard lock(mutex_);
        groupSize_ = 0;
        settled_.notify_all();
    }

    void setDegraded(std::optional<Error> reason) {
        bool changed = false;
        {
            std::lock_guard lock(mutex_);
            changed = degraded_.has_value() != reason.has_value();
            if (reason) ++stats_.failedCommits;
            degraded_ = reason;
        }
        if (changed && options_.health) options_.health(reason);
    }

    void waitBeforeRetry(Duration pause) {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, pause, [&] { return stopping_; });
    }

    void giveUp(std::vector<Job>& group, const Error& reason) {
        {
            std::lock_guard lock(mutex_);
            std::move(waiting_.begin(), waiting_.end(), std::back_inserter(group));
            waiting_.clear();
            groupSize_ = group.size();
        }
        for (auto& job : group) tell(job, fail(reason));
        std::lock_guard lock(mutex_);
        groupSize_ = 0;
        settled_.notify_all();
    }

    // Of the writer thread alone.
    Database database_;
    std::uint64_t steps_ = 0;
    std::chrono::steady_clock::time_point lastGroup_;
    bool lastTry_ = false;

    const WriterOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_, settled_;
    std::deque<Job> waiting_;
    std::size_t urgent_ = 0;  ///< of those waiting
    bool stopping_ = false;
    bool pressure_ = false;
    std::uint64_t submitted_ = 0;
    std::size_t groupSize_ = 0;  ///< jobs in the writer's hands, of which the oldest is groupFirst_
    std::uint64_t groupFirst_ = 0;
    std::optional<Error> degraded_, overtaken_;
    WriterStats stats_;

    std::mutex joining_;
    std::thread thread_;
};

Writer::Writer(Database database, WriterOptions options)
    : core_(std::make_unique<Core>(std::move(database), std::move(options))) {}

Writer::~Writer() = default;

void Writer::submit(UnitOfWork unit, Callback<Committed> done) {
    auto committed = std::make_shared<Committed>();
    Job job;
    job.essential = unit.essential();
    job.patient = !done && unit.patient();
    job.apply = [unit = std::make_shared<const UnitOfWork>(std::move(unit)), committed](Database& database) {
        *committed = Committed();
        return applyUnit(database, *unit, *committed);
    };
    if (done)
        job.done = [done = std::move(done), committed](Result<void> result) {
            if (result)
                done(std::move(*committed));
            else
                done(fail(std::move(result).error()));
        };
    core_->submit(std::move(job));
}

/// One retention run: a chain of small jobs, each submitted when the one before it is durable.
struct Writer::Pruning : std::enable_shared_from_this<Writer::Pruning> {
    Core& core;
    TimePoint now;
    RetentionLimits limits;
    Callback<PruneReport> done;
    PruneReport last, sum;

    Pruning(Core& c, TimePoint n, RetentionLimits l, Callback<PruneReport> d)
        : core(c), now(n), limits(l), done(std::move(d)) {}

    void next() {
        Job job;
        job.essential = false;
        job.apply = [self = shared_from_this()](Database& database) -> Result<void> {
            auto report = pruneSome(database, self->now, self->limits);
            if (!report) return fail(std::move(report).error());
            self->last = *report;
            return {};
        };
        job.done = [self = shared_from_this()](Result<void> result) { self->took(std::move(result)); };
        core.submit(std::move(job));
    }

    void took(Result<void> result) {
        if (!result) {
            if (done) done(fail(std::move(result).error()));
            return;
        }
        sum += last;
        if (last.total() > 0) return next();
        if (done) done(sum);
    }
};

void Writer::prune(TimePoint now, RetentionLimits limits, Callback<PruneReport> done) {
    std::make_shared<Pruning>(*core_, now, limits, std::move(done))->next();
}

bool Writer::flush(Duration limit) {
    return core_->flush(limit);
}
void Writer::stop() {
    core_->stop();
}
std::size_t Writer::queued() const {
    return core_->queued();
}
bool Writer::degraded() const {
    return core_->degradedReason().has_value();
}
std::optional<Error> Writer::degradedReason() const {
    return core_->degradedReason();
}
WriterStats Writer::stats() const {
    return core_->stats();
}

}  // namespace klaw::storage
