#include "storage/writer.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::auditOnly;
using testing::commit;
using testing::must;
using testing::transition;

/// Lets the test stop the writer thread at a place and go on when it likes.
class Gate {
public:
    explicit Gate(WriteStep where) : where_(where) {}

    std::function<Result<void>(WriteStep, std::uint64_t)> intercept() {
        return [this](WriteStep step, std::uint64_t) -> Result<void> {
            if (step != where_ || opened_.load()) return {};
            reached_.count_down();
            open_.wait();
            opened_ = true;
            return {};
        };
    }
    void waitUntilReached() { reached_.wait(); }
    void open() { open_.count_down(); }

private:
    WriteStep where_;
    std::latch reached_{1}, open_{1};
    std::atomic<bool> opened_{false};
};

UnitOfWork refused() {
    auto unit = transition(777);
    unit.deliveryResults = {{.deliveryId = "nobody", .outcome = AttemptOutcome::Delivered}};
    return unit;
}

class WriterTest : public testing::WithDatabase {
protected:
    Reader reader() { return must(Reader::open(location())); }
    std::int64_t rows(const std::string& table) {
        OpenOptions readOnly;
        readOnly.mode = OpenOptions::Mode::ReadOnly;
        return must(open(readOnly).integer("SELECT count(*) FROM " + table));
    }
};

TEST_F(WriterTest, MakesAUnitDurableBeforeItTells) {
    Writer writer(open());
    auto committed = must(commit(writer, transition(1)));
    EXPECT_EQ(committed.auditSeqs, std::vector<std::int64_t>{1});
    EXPECT_EQ(must(reader().alert("f1")), testing::firingAlert("f1"));
    EXPECT_EQ(must(reader().deliveriesOf("i1")).size(), 1u);
}

TEST_F(WriterTest, WritesAllOfAUnitOrNothing) {
    Writer writer(open());
    auto outcome = commit(writer, refused());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Conflict);
    for (const auto* table : {"alerts", "incidents", "deliveries", "audit"}) EXPECT_EQ(rows(table), 0) << table;
    EXPECT_EQ(writer.stats().refusedUnits, 1u);
    EXPECT_FALSE(writer.degraded());
}

TEST_F(WriterTest, CommitsTogetherWhatArrivesMeanwhileAndInOrder) {
    Gate gate(WriteStep::Begin);
    WriterOptions options;
    options.intercept = gate.intercept();
    Writer writer(open(), options);
    std::vector<std::int64_t> order;
    auto note = [&](Result<Committed> committed) { order.push_back(must(std::move(committed)).auditSeqs.at(0)); };
    writer.submit(auditOnly("first"), note);
    gate.waitUntilReached();
    for (int i = 0; i < 60; ++i) writer.submit(auditOnly(std::to_string(i)), note);
    EXPECT_EQ(writer.queued(), 61u);
    gate.open();
    ASSERT_TRUE(writer.flush(30s));
    EXPECT_EQ(order.size(), 61u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(writer.stats().commits, 2u);
    EXPECT_EQ(writer.stats().committedUnits, 61u);
    EXPECT_EQ(writer.queued(), 0u);
}

TEST_F(WriterTest, WritesNoMoreThanAGroupInOneTransaction) {
    Gate gate(WriteStep::Begin);
    WriterOptions options;
    options.maxGroup = 10;
    options.intercept = gate.intercept();
    Writer writer(open(), options);
    writer.submit(auditOnly("first"));
    gate.waitUntilReached();
    for (int i = 0; i < 25; ++i) writer.submit(auditOnly(std::to_string(i)));
    gate.open();
    ASSERT_TRUE(writer.flush(30s));
    EXPECT_EQ(writer.stats().commits, 4u);  // 1, 10, 10, 5
}

TEST_F(WriterTest, ARefusedUnitLeavesTheOthersOfItsTransactionAlone) {
    Gate gate(WriteStep::Begin);
    WriterOptions options;
    options.intercept = gate.intercept();
    Writer writer(open(), options);
    writer.submit(transition(1));
    gate.waitUntilReached();
    std::optional<Error> refusal;
    writer.submit(transition(2));
    writer.submit(refused(), [&](Result<Committed> outcome) { refusal = std::move(outcome).error(); });
    writer.submit(transition(3));
    gate.open();
    ASSERT_TRUE(writer.flush(30s));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::Conflict);
    EXPECT_EQ(writer.stats().commits, 2u);
    EXPECT_EQ(rows("alerts"), 3);
    EXPECT_EQ(must(reader().verifyAudit()).rows, 3);
}

TEST_F(WriterTest, ABusyWriterLetsWhatNobodyWaitsForShareALaterCommit) {
    WriterOptions options;
    options.patience = 10min;
    Writer writer(open(), options);
    writer.submit(auditOnly("first"));
    ASSERT_TRUE(writer.flush(30s));
    UnitOfWork patient;
    patient.meta.push_back({"alive", "now"});
    writer.submit(patient);
    writer.submit(patient);
    EXPECT_EQ(writer.queued(), 2u);
    writer.submit(auditOnly("second"));
    ASSERT_TRUE(writer.flush(30s));
    EXPECT_EQ(writer.stats().commits, 2u);
    EXPECT_EQ(writer.stats().committedUnits, 4u);
}

TEST_F(WriterTest, WritesWhatNobodyWaitsForBeforeTheEnd) {
    WriterOptions options;
    options.patience = 10min;
    Writer writer(open(), options);
    writer.submit(auditOnly("first"));
    ASSERT_TRUE(writer.flush(30s));
    UnitOfWork patient;
    patient.meta.push_back({"alive", "now"});
    writer.submit(patient);
    writer.stop();
    auto database = open();
    EXPECT_EQ(must(loadState(database, {})).meta["alive"], "now");
}

/// Says at each place in a commit once that the disk fails; the unit must be there exactly once afterwards.
class FailingDisk : public WriterTest, public ::testing::WithParamInterface<WriteStep> {};

TEST_P(FailingDisk, RepeatsTheWholeTransaction) {
    bool failed = false;
    WriterOptions options;
    options.firstRetry = 1ms;
    options.intercept = [&](WriteStep step, std::uint64_t) -> Result<void> {
        if (step != GetParam() || std::exchange(failed, true)) return {};
        return fail(Error(ErrorCode::Unavailable, "the disk fails").withRetry(Retry::later()));
    };
    Writer writer(open(), options);
    EXPECT_TRUE(commit(writer, transition(1)));
    EXPECT_TRUE(commit(writer, transition(2)));
    EXPECT_TRUE(failed);
    EXPECT_EQ(rows("alerts"), 2);
    EXPECT_EQ(must(reader().verifyAudit()).rows, 2);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, FailingDisk,
                         ::testing::Values(WriteStep::Begin, WriteStep::Apply, WriteStep::Applied, WriteStep::Commit,
                                           WriteStep::Done));

WriterOptions neverWriting() {
    WriterOptions options;
    options.firstRetry = 1ms;
    options.longestRetry = 1ms;
    options.intercept = [](WriteStep, std::uint64_t) -> Result<void> {
        return fail(ErrorCode::Unavailable, "the disk fails");
    };
    return options;
}

TEST_F(WriterTest, ThatCannotWriteDropsTheLeastImportantAndSaysSo) {
    auto options = neverWriting();
    options.maxWaiting = 3;
    options.maxGroup = 1;
    std::latch failing{1};
    options.health = [&](const std::optional<Error>&) { failing.count_down(); };
    Writer writer(open(), options);
    std::vector<std::string> dropped;
    auto submit = [&](const std::string& name, UnitOfWork unit) {
        writer.submit(std::move(unit), [&dropped, name](Result<Committed> outcome) {
            if (!outcome && outcome.error().code == ErrorCode::ResourceExhausted) dropped.push_back(name);
        });
    };
    auto pending = [] {
        UnitOfWork unit;
        unit.meta = {{"lastAlive", "1"}};
        return unit;
    };
    submit("in the writer's hands", transition(0));
    failing.wait();
    submit("a", transition(1));
    submit("unimportant 1", pending());
    submit("unimportant 2", pending());
    submit("b", transition(2));
    submit("c", transition(3));
    submit("d", transition(4));  // nothing unimportant is left
    EXPECT_EQ(dropped, (std::vector<std::string>{"unimportant 1", "unimportant 2", "d"}));
    EXPECT_EQ(writer.stats().droppedUnits, 3u);
    EXPECT_EQ(writer.queued(), 4u);
}

TEST_F(WriterTest, TellsOfPressureAndOfItsEnd) {
    Gate gate(WriteStep::Begin);
    std::vector<bool> said;
    std::promise<void> relieved;
    WriterOptions options;
    options.maxGroup = 1;
    options.highWater = 4;
    options.intercept = gate.intercept();
    options.pressure = [&](bool high) {
        said.push_back(high);
        if (!high) relieved.set_value();
    };
    Writer writer(open(), options);
    writer.submit(auditOnly("first"));
    gate.waitUntilReached();
    for (int i = 0; i < 3; ++i) writer.submit(auditOnly("more"));
    EXPECT_TRUE(said.empty());
    for (int i = 0; i < 3; ++i) writer.submit(auditOnly("more"));
    EXPECT_EQ(said, std::vector<bool>{true});
    gate.open();
    relieved.get_future().wait();
    ASSERT_TRUE(writer.flush(30s));
    EXPECT_EQ(said, (std::vector<bool>{true, false}));
}

TEST_F(WriterTest, WritesWhatIsWaitingBeforeItStops) {
    Gate gate(WriteStep::Begin);
    WriterOptions options;
    options.maxGroup = 7;
    options.intercept = gate.intercept();
    Writer writer(open(), options);
    std::atomic<int> durable{0};
    for (int i = 0; i < 50; ++i)
        writer.submit(transition(i), [&](Result<Committed> outcome) { durable += outcome ? 1 : 0; });
    gate.waitUntilReached();
    std::thread stopping([&] { writer.stop(); });
    gate.open();
    stopping.join();
    EXPECT_EQ(durable, 50);
    EXPECT_EQ(rows("alerts"), 50);
    auto late = commit(writer, transition(99));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Unavailable);
}

TEST_F(WriterTest, ThatCannotWriteStopsWithAnAnswerForEverybody) {
    Writer writer(open(), neverWriting());
    int unavailable = 0;
    for (int i = 0; i < 150; ++i)
        writer.submit(transition(i), [&](Result<Committed> outcome) {
            unavailable += !outcome && outcome.error().code == ErrorCode::Unavailable;
        });
    writer.stop();
    EXPECT_EQ(unavailable, 150);
    EXPECT_EQ(rows("alerts"), 0);
}

TEST_F(WriterTest, TakesUnitsFromManyThreads) {
    Writer writer(open());
    std::vector<std::thread> threads;
    std::atomic<int> durable{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i)
                writer.submit(transition(t * 100 + i), [&](Result<Committed> outcome) { durable += outcome ? 1 : 0; });
        });
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(writer.flush(60s));
    EXPECT_EQ(durable, 400);
    auto report = must(reader().verifyAudit());
    EXPECT_EQ(report.rows, 400);
    EXPECT_FALSE(report.broken);
}

}  // namespace
}  // namespace klaw::storage
