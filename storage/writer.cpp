#include "storage/writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "storage/apply_unit.hpp"
#include "storage/prune.hpp"
#include "storage/sqlite_error.hpp"
#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

/// One thing to be written and who wants to know of it.
struct Job {
    std::function<Result<void>(Database&)> apply;
    std::function<void(Result<void>)> done;
    bool essential = true;
    Result<void> outcome;
};

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
        bool tellPressure = false;
        std::optional<Job> dropped;
        {
            std::unique_lock lock(mutex_);
            if (stopping_) {
                lock.unlock();
                if (job.done) job.done(fail(unavailable("the database is closed")));
                return;
            }
            ++submitted_;
            waiting_.push_back(std::move(job));
            if (waiting_.size() > options_.maxWaiting) dropped = dropOne();
            if (!pressure_ && waiting_.size() >= options_.highWater) tellPressure = pressure_ = true;
        }
        wake_.notify_one();
        if (dropped && dropped->done)
            dropped->done(fail(Error(ErrorCode::ResourceExhausted,
                                     "dropped: the database cannot be written and too much waits for it")));
        if (tellPressure && options_.pressure) options_.pressure(true);
    }

    bool flush(Duration limit) {
        std::unique_lock lock(mutex_);
        auto upTo = submitted_;
        return settled_.wait_for(lock, limit, [&] { return finished_ >= upTo; });
    }

    void stop() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        if (thread_.joinable()) thread_.join();
    }

    std::size_t queued() const {
        std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(submitted_ - finished_);
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
    std::optional<Job> dropOne() {
        auto victim = std::find_if(waiting_.begin(), waiting_.end(), [](const Job& job) { return !job.essential; });
        if (victim == waiting_.end()) victim = std::prev(waiting_.end());
        auto job = std::move(*victim);
        waiting_.erase(victim);
        ++finished_;
        ++stats_.droppedUnits;
        return job;
    }

    void run() {
        std::vector<Job> group;
        auto pause = options_.firstRetry;
        while (takeGroup(group)) {
            auto written = writeGroup(group);
            if (written) {
                pause = options_.firstRetry;
                setDegraded(std::nullopt);
                tell(group);
                continue;
            }
            setDegraded(written.error());
            if (!waitBeforeRetry(pause)) break;
            pause = std::min(pause * 2, options_.longestRetry);
        }
        giveUp(group);
    }

    /// Adds what has arrived meanwhile to a group that failed before. False when there is nothing more to do.
    bool takeGroup(std::vector<Job>& group) {
        bool relieved = false;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || !waiting_.empty() || !group.empty(); });
            while (!waiting_.empty() && group.size() < options_.maxGroup) {
                group.push_back(std::move(waiting_.front()));
                waiting_.pop_front();
            }
            if (pressure_ && waiting_.size() <= options_.highWater / 2) {
                pressure_ = false;
                relieved = true;
            }
        }
        if (relieved && options_.pressure) options_.pressure(false);
        return !group.empty();
    }

    Result<void> intercepted(WriteStep step) {
        return options_.intercept ? options_.intercept(step, ++steps_) : Result<void>();
    }

    /// A failure is one of disk or file: nothing of the group is written then.
    Result<void> writeGroup(std::vector<Job>& group) {
        if (auto ok = intercepted(WriteStep::Begin); !ok) return ok;
        auto transaction = Transaction::begin(database_);
        if (!transaction) return fail(std::move(transaction).error());
        for (auto& job : group)
            if (auto written = writeOne(job); !written) return written;
        if (auto ok = intercepted(WriteStep::Commit); !ok) return ok;
        if (auto committed = transaction->commit(); !committed) return committed;
        return intercepted(WriteStep::Done);
    }

    Result<void> writeOne(Job& job) {
        if (auto ok = intercepted(WriteStep::Apply); !ok) return ok;
        auto savepoint = Savepoint::begin(database_);
        if (!savepoint) return fail(std::move(savepoint).error());
        job.outcome = job.apply(database_);
        // What was asked for may be refused with the same codes as a failing disk; only SQLite's own failures carry the
        // path of the file.
        if (!job.outcome && isEnvironmental(job.outcome.error()) && job.outcome.error().place == database_.path())
            return job.outcome;
        if (job.outcome) {
            if (auto released = savepoint->release(); !released) return released;
        }
        return intercepted(WriteStep::Applied);
    }

    void tell(std::vector<Job>& group) {
        for (auto& job : group)
            if (job.done) job.done(std::move(job.outcome));
        std::lock_guard lock(mutex_);
        finished_ += group.size();
        stats_.commits += 1;
        for (const auto& job : group) ++(job.outcome ? stats_.committedUnits : stats_.refusedUnits);
        group.clear();
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

    /// False when the writer is being stopped.
    bool waitBeforeRetry(Duration pause) {
        std::unique_lock lock(mutex_);
        return !wake_.wait_for(lock, pause, [&] { return stopping_; });
    }

    void giveUp(std::vector<Job>& group) {
        std::deque<Job> rest;
        {
            std::lock_guard lock(mutex_);
            rest.swap(waiting_);
            finished_ = submitted_;
        }
        auto refuse = [](Job& job) {
            if (job.done) job.done(fail(unavailable("the database could not be written before the end")));
        };
        std::for_each(group.begin(), group.end(), refuse);
        std::for_each(rest.begin(), rest.end(), refuse);
        settled_.notify_all();
    }

    Database database_;
    WriterOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_, settled_;
    std::deque<Job> waiting_;
    bool stopping_ = false;
    bool pressure_ = false;
    std::uint64_t submitted_ = 0, finished_ = 0, steps_ = 0;
    std::optional<Error> degraded_;
    WriterStats stats_;
    std::thread thread_;
};

Writer::Writer(Database database, WriterOptions options)
    : core_(std::make_unique<Core>(std::move(database), std::move(options))) {}

Writer::~Writer() = default;

void Writer::submit(UnitOfWork unit, Callback<Committed> done) {
    auto committed = std::make_shared<Committed>();
    Job job;
    job.essential = unit.essential();
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

void Writer::takeOffer(std::string nonce, std::string actor, TimePoint now, Callback<Offer> done) {
    auto taken = std::make_shared<Offer>();
    Job job;
    job.apply = [nonce = std::move(nonce), actor = std::move(actor), now, taken](Database& database) -> Result<void> {
        auto offer = useOffer(database, nonce, actor, now);
        if (!offer) return fail(std::move(offer).error());
        *taken = std::move(*offer);
        return {};
    };
    job.done = [done = std::move(done), taken](Result<void> result) {
        if (result)
            done(std::move(*taken));
        else
            done(fail(std::move(result).error()));
    };
    core_->submit(std::move(job));
}

void Writer::prune(TimePoint now, RetentionLimits limits, Callback<PruneReport> done) {
    struct Pruning {
        PruneReport last, sum;
        std::function<void()> next;
    };
    auto state = std::make_shared<Pruning>();
    state->next = [this, state, now, limits, done = std::move(done)] {
        Job job;
        job.essential = false;
        job.apply = [state, now, limits](Database& database) -> Result<void> {
            auto report = pruneSome(database, now, limits);
            if (!report) return fail(std::move(report).error());
            state->last = *report;
            return {};
        };
        job.done = [state, done](Result<void> result) {
            state->sum += state->last;
            if (result && state->last.total() > 0) return state->next();
            auto sum = state->sum;
            state->next = nullptr;  // ends the cycle of ownership
            if (!done) return;
            if (result)
                done(sum);
            else
                done(fail(std::move(result).error()));
        };
        core_->submit(std::move(job));
    };
    auto first = state->next;
    first();
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
