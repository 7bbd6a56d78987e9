// What only a server can do to a writer: go away, come back, hang, and keep its answer to itself.
#include <sys/types.h>

#include <csignal>
#include <latch>

#include "storage/leadership.hpp"
#include "storage/reader.hpp"
#include "storage/transaction.hpp"
#include "test/unit/storage/postgres/server.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::commit;
using testing::must;
using testing::server;
using testing::transition;

WriterOptions impatient() {
    WriterOptions options;
    options.firstRetry = 1ms;
    options.longestRetry = 20ms;
    return options;
}

class PostgresWriter : public testing::WithDatabase {
protected:
    Reader reader() { return must(Reader::open(location())); }
    void expectWhole(std::int64_t units) {
        auto report = must(reader().verifyAudit());
        EXPECT_EQ(report.rows, units);
        EXPECT_FALSE(report.broken);
        EXPECT_EQ(must(open().integer("SELECT count(*) FROM alerts")), units);
    }
};

TEST_F(PostgresWriter, KeepsWhatComesWhileTheServerIsAwayAndWritesItOnceItIsBack) {
    std::latch away{1};
    std::promise<void> back;
    auto options = impatient();
    std::vector<std::optional<ErrorCode>> reports;
    options.health = [&](const std::optional<Error>& reason) {
        reports.push_back(reason ? std::optional(reason->code) : std::nullopt);
        reason ? away.count_down() : back.set_value();
    };
    Writer writer(open(), options);
    ASSERT_TRUE(commit(writer, transition(0)));
    server().stop();
    std::atomic<int> told{0};
    for (int i = 1; i <= 150; ++i)
        writer.submit(transition(i), [&](Result<Committed> outcome) { told += outcome ? 1 : 1000; });
    away.wait();
    EXPECT_TRUE(writer.degraded());
    EXPECT_EQ(writer.degradedReason()->place, location().place());
    EXPECT_EQ(told, 0);
    server().start();
    ASSERT_TRUE(writer.flush(30s));
    back.get_future().wait();
    EXPECT_EQ(told, 150);
    expectWhole(151);
    EXPECT_EQ(reports, (std::vector<std::optional<ErrorCode>>{ErrorCode::Unavailable, std::nullopt}));
}

TEST_F(PostgresWriter, DoesNotEvenNoticeAServerThatWasStartedAnewWhileItWasIdle) {
    Writer writer(open(), impatient());
    ASSERT_TRUE(commit(writer, transition(1)));
    server().crash();
    server().start();
    ASSERT_TRUE(commit(writer, transition(2)));
    EXPECT_EQ(writer.stats().failedCommits, 0u);
    expectWhole(2);
}

/// The server ends in the middle of a transaction.
class ServerCrash : public PostgresWriter, public ::testing::WithParamInterface<WriteStep> {};

TEST_P(ServerCrash, LeavesEachUnitWrittenOnce) {
    std::latch reached{1}, back{1};
    auto options = impatient();
    options.intercept = [&, met = false](WriteStep step, std::uint64_t) mutable -> Result<void> {
        if (step != GetParam() || std::exchange(met, true)) return {};
        reached.count_down();
        back.wait();
        return {};
    };
    Writer writer(open(), options);
    std::promise<bool> durable;
    writer.submit(transition(1), [&](Result<Committed> outcome) { durable.set_value(outcome.has_value()); });
    reached.wait();
    server().crash();
    server().start();
    back.count_down();
    EXPECT_TRUE(durable.get_future().get());
    EXPECT_TRUE(commit(writer, transition(2)));
    expectWhole(2);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, ServerCrash,
                         ::testing::Values(WriteStep::Begin, WriteStep::Apply, WriteStep::Applied, WriteStep::Commit,
                                           WriteStep::Done));

/// The answer to COMMIT is lost: the session ends, or the writer gives up waiting.
class LostAnswer : public PostgresWriter {
protected:
    /// A deferred trigger runs within COMMIT.
    void makeCommitOfTheFirstUnitSlow(Database& database) {
        must(database.execute(R"sql(
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(4);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON alerts DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.fingerprint = 'f1') EXECUTE FUNCTION linger();)sql"));
    }
};

TEST_F(LostAnswer, OfACommitThatDidNotGetInIsFollowedByTheSameUnitAgain) {
    auto database = open();
    makeCommitOfTheFirstUnitSlow(database);
    auto pid = must(database.integer("SELECT pg_backend_pid()"));
    Writer writer(std::move(database), impatient());
    std::promise<bool> durable;
    writer.submit(transition(1), [&](Result<Committed> outcome) { durable.set_value(outcome.has_value()); });
    auto waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%COMMIT' AND wait_event = 'PgSleep' AND pid "
        "= " +
        std::to_string(pid);
    while (server().value(server().url(), waiting) != "1") {
    }
    database_->tamper("BEGIN; SET LOCAL lock_timeout = 0; SELECT pg_terminate_backend(" + std::to_string(pid) +
                      ", 5000); DROP TRIGGER slow ON alerts; COMMIT");
    EXPECT_TRUE(durable.get_future().get());
    expectWhole(1);
}

TEST_F(LostAnswer, OfACommitThatGotInIsNotFollowedByTheSameUnitAgain) {
    OpenOptions quick;
    quick.answerWithin = 1s;  // and a second of grace: less than the commit takes
    auto database = open(quick);
    makeCommitOfTheFirstUnitSlow(database);
    must(database.execute("SET statement_timeout = 0"));
    Writer writer(std::move(database), impatient());
    EXPECT_TRUE(commit(writer, transition(1)));
    EXPECT_GE(writer.stats().failedCommits, 1u) << "the answer was to be lost";
    expectWhole(1);
    EXPECT_TRUE(commit(writer, transition(2)));
    expectWhole(2);
}

TEST_F(PostgresWriter, IsNotHungByAServerThatHangs) {
    OpenOptions quick;
    quick.answerWithin = 100ms;
    auto database = open(quick);
    auto backend = static_cast<pid_t>(must(database.integer("SELECT pg_backend_pid()")));
    ASSERT_EQ(::kill(backend, SIGSTOP), 0);
    auto begun = std::chrono::steady_clock::now();
    auto answer = database.integer("SELECT 1");
    auto took = std::chrono::steady_clock::now() - begun;
    ::kill(backend, SIGCONT);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_NE(answer.error().message.find("in time"), std::string::npos) << answer.error().message;
    EXPECT_LT(took, 5s);
}

TEST_F(PostgresWriter, EndsAStatementThatTakesTooLong) {
    OpenOptions quick;
    quick.answerWithin = 50ms;
    auto database = open(quick);
    auto answer = database.integer("SELECT 1 FROM pg_sleep(20)");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(database.integer("SELECT 1")) << "the session goes on";
}

TEST_F(PostgresWriter, LetsReadersGoOnInANewSession) {
    open();
    EXPECT_TRUE(must(reader().alerts()).empty());
    server().crash();
    server().start();
    EXPECT_TRUE(must(reader().alerts()).empty());
}

TEST_F(PostgresWriter, TellsReadersAtOnceThatTheServerIsAway) {
    open();
    server().stop();
    auto opened = Reader::open(location());
    server().start();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(opened.error().place, location().place());
}

}  // namespace
}  // namespace klaw::storage
