// A real process that is killed while it writes: what it was told to be durable is there, nothing is there in part.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>

#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "storage/transaction.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::must;

/// One table each, so that a torn unit shows.
UnitOfWork unitNumber(int i) {
    auto id = std::to_string(i);
    UnitOfWork unit;
    unit.alerts = {testing::firingAlert("f" + id)};
    unit.incidents = {testing::openIncident("i" + id)};
    unit.newDeliveries = {testing::cardFor("i" + id, 1)};
    unit.deliveryStarts = {{unit.newDeliveries[0].id, {}, at(i)}};
    unit.audit = {testing::allowedRestart("i" + id)};
    unit.meta = {{"last", id}};
    return unit;
}

/// A child process that submits units without end and acknowledges each durable one through a pipe.
class WritingProcess {
public:
    /// `intercept` runs in the child.
    explicit WritingProcess(const Location& location, std::function<void(WriteStep, std::uint64_t)> intercept = {}) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
        process_ = ::fork();
        if (process_ == 0) writeForever(location, std::move(intercept), ends[1]);
        ::close(ends[1]);
        acknowledgements_ = ends[0];
    }
    WritingProcess(const WritingProcess&) = delete;
    WritingProcess& operator=(const WritingProcess&) = delete;
    ~WritingProcess() {
        ::close(acknowledgements_);
        if (process_ > 0) end();
    }

    /// False when the process ended before.
    bool waitForAcknowledgements(int count) {
        while (count > 0) {
            char buffer[256];
            auto got = ::read(acknowledgements_, buffer, std::min<std::size_t>(sizeof buffer, count));
            if (got <= 0) return false;
            acknowledged_ += static_cast<int>(got);
            count -= static_cast<int>(got);
        }
        return true;
    }
    /// Kills it, and gives how many units it had been told to be durable.
    int kill() {
        ::kill(process_, SIGKILL);
        return awaitDeath();
    }
    int awaitDeath() {
        while (waitForAcknowledgements(1)) {
        }
        end();
        return acknowledged_;
    }
    int status() const { return status_; }

private:
    void end() {
        ::kill(process_, SIGKILL);
        ::waitpid(std::exchange(process_, -1), &status_, 0);
    }

    [[noreturn]] static void writeForever(const Location& location,
                                          std::function<void(WriteStep, std::uint64_t)> intercept, int out) {
        auto database = Database::open(location);
        if (!database) ::_exit(1);
        auto first = database->integer("SELECT count(*) FROM alerts");
        WriterOptions options;
        options.maxGroup = 5;
        if (intercept)
            options.intercept = [&](WriteStep step, std::uint64_t number) -> Result<void> {
                intercept(step, number);
                return {};
            };
        Writer writer(std::move(*database), options);
        for (int i = static_cast<int>(*first);; ++i) {
            writer.submit(unitNumber(i), [out](Result<Committed> done) {
                if (!done || ::write(out, "+", 1) != 1) ::_exit(2);
            });
            if (i % 17 == 16) writer.flush(10s);  // so that groups of every size occur
        }
    }

    pid_t process_ = -1;
    int acknowledgements_ = -1;
    int acknowledged_ = 0;
    int status_ = 0;
};

class Crash : public testing::WithDatabase {
protected:
    /// Units in the database, all of them whole; at least so many.
    std::int64_t expectWholeUnits(std::int64_t atLeast) {
        OpenOptions thorough;
        thorough.check = OpenOptions::Check::Full;
        auto database = open(thorough);
        // A server may still be at the last word of the process that died; then this waits for it.
        must(must(Transaction::begin(database)).commit());
        auto units = must(database.integer("SELECT count(*) FROM audit"));
        EXPECT_GE(units, atLeast);
        for (const auto* table : {"alerts", "incidents", "deliveries", "delivery_attempts"})
            EXPECT_EQ(must(database.integer(std::string("SELECT count(*) FROM ") + table)), units) << table;
        auto state = must(loadState(database, {}));
        EXPECT_EQ(state.meta["last"], units > 0 ? std::to_string(units - 1) : "");
        EXPECT_EQ(state.deliveries.size(), static_cast<std::size_t>(units));
        auto report = must(Reader(std::move(database)).verifyAudit());
        EXPECT_EQ(report.rows, units);
        EXPECT_FALSE(report.broken);
        return units;
    }
};

TEST_F(Crash, AtRandomMomentsLosesNothingThatWasAcknowledged) {
    std::mt19937 random(20261123);
    std::int64_t units = 0;
    for (int round = 0; round < 15; ++round) {
        WritingProcess process(location());
        ASSERT_TRUE(process.waitForAcknowledgements(std::uniform_int_distribution(1, 120)(random)));
        auto until = std::chrono::steady_clock::now() + std::uniform_int_distribution(0, 400)(random) * 1us;
        while (std::chrono::steady_clock::now() < until) {
        }
        units = expectWholeUnits(units + process.kill());
        ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    EXPECT_GE(units, 15);
}

class CrashAtStep : public Crash, public ::testing::WithParamInterface<WriteStep> {};

TEST_P(CrashAtStep, LosesNothingThatWasAcknowledged) {
    std::int64_t units = 0;
    for (std::uint64_t from : {1u, 40u, 333u}) {
        WritingProcess process(location(), [&](WriteStep step, std::uint64_t number) {
            if (step == GetParam() && number >= from) ::raise(SIGKILL);
        });
        auto acknowledged = process.awaitDeath();
        EXPECT_TRUE(WIFSIGNALED(process.status()) && WTERMSIG(process.status()) == SIGKILL);
        auto before = units;
        units = expectWholeUnits(before + acknowledged);
        if (GetParam() == WriteStep::Done)
            EXPECT_GT(units, before + acknowledged);  // durable, and nobody was told
        else
            EXPECT_EQ(units, before + acknowledged);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryStep, CrashAtStep,
                         ::testing::Values(WriteStep::Begin, WriteStep::Apply, WriteStep::Applied, WriteStep::Commit,
                                           WriteStep::Done));

TEST_F(Crash, LeavesADatabaseThatAReaderCanOpenAtOnce) {
    WritingProcess process(location());
    ASSERT_TRUE(process.waitForAcknowledgements(50));
    auto acknowledged = process.kill();
    auto report = must(must(Reader::open(location())).verifyAudit());
    EXPECT_GE(report.rows, acknowledged);
    EXPECT_FALSE(report.broken);
}

}  // namespace
}  // namespace klaw::storage
