#include "storage/leadership.hpp"

#include <atomic>
#include <latch>

#include "storage/reader.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::commit;
using testing::must;
using testing::transition;

class LeadershipTest : public testing::WithDatabase {
protected:
    Reader reader() { return must(Reader::open(location())); }
};

TEST_F(LeadershipTest, BeginsWithNobody) {
    auto database = open();
    EXPECT_EQ(must(leadershipOf(database)), (Leadership{0, "", TimePoint()}));
}

TEST_F(LeadershipTest, HasALaterTermEachTimeItIsTaken) {
    auto database = open();
    EXPECT_EQ(must(takeLeadership(database, {"a"}, at(1))).term, 1);
    EXPECT_EQ(must(takeLeadership(database, {"b"}, at(2))).term, 2);
    EXPECT_EQ(must(takeLeadership(database, {"c", 7}, at(3))).term, 7);
    EXPECT_EQ(must(leadershipOf(database)), (Leadership{7, "c", at(3)}));
}

TEST_F(LeadershipTest, IsRefusedForATermThatIsOver) {
    auto database = open();
    must(takeLeadership(database, {"a", 7}, at(1)));
    auto late = open();
    for (std::int64_t term : {7, 6}) {
        auto refused = takeLeadership(late, {"b", term}, at(2));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    }
    EXPECT_EQ(must(leadershipOf(late)).holder, "a");
}

TEST_F(LeadershipTest, OfAnotherEndsAWriterBeforeItWritesAnythingMore) {
    auto database = open();
    must(takeLeadership(database, {"a"}, at(1)));
    std::promise<Error> overtaken;
    WriterOptions options;
    options.overtaken = [&](const Error& reason) { overtaken.set_value(reason); };
    Writer writer(std::move(database), options);
    ASSERT_TRUE(commit(writer, transition(1)));

    auto successor = open();
    must(takeLeadership(successor, {"b"}, at(2)));
    auto refused = commit(writer, transition(2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Expired);
    EXPECT_EQ(overtaken.get_future().get().code, ErrorCode::Expired);
    auto afterwards = commit(writer, transition(3));
    ASSERT_FALSE(afterwards);
    EXPECT_EQ(afterwards.error().code, ErrorCode::Expired);

    Writer next(std::move(successor));
    EXPECT_TRUE(commit(next, transition(4)));
    EXPECT_EQ(must(reader().verifyAudit()).rows, 2);
    EXPECT_FALSE(reader().alert("f2"));
}

TEST_F(LeadershipTest, OfAnotherIsSaidBeforeAnybodyHearsOfTheirUnitAndIsNoFullDisk) {
    auto database = open();
    must(takeLeadership(database, {"a"}, at(1)));
    std::atomic<int> overtaken{0}, degraded{0};
    WriterOptions options;
    options.overtaken = [&](const Error&) { ++overtaken; };
    options.health = [&](const std::optional<Error>&) { ++degraded; };
    Writer writer(std::move(database), options);
    auto successor = open();
    must(takeLeadership(successor, {"b"}, at(2)));
    std::promise<int> toldBefore;
    writer.submit(transition(1), [&](const Result<Committed>&) { toldBefore.set_value(overtaken); });
    EXPECT_EQ(toldBefore.get_future().get(), 1);
    EXPECT_EQ(degraded, 0) << "cards would go out all the same";
}

TEST_F(LeadershipTest, IsTakenAfterTheTransactionThatIsOpen) {
    auto database = open();
    must(takeLeadership(database, {"a"}, at(1)));
    std::latch inTransaction{1}, goOn{1};
    WriterOptions options;
    options.intercept = [&, met = false](WriteStep step, std::uint64_t) mutable -> Result<void> {
        if (step != WriteStep::Commit || std::exchange(met, true)) return {};
        inTransaction.count_down();
        goOn.wait();
        return {};
    };
    Writer writer(std::move(database), options);
    std::promise<bool> durable;
    writer.submit(transition(1), [&](Result<Committed> outcome) { durable.set_value(outcome.has_value()); });
    inTransaction.wait();
    auto taking = std::async(std::launch::async, [&] {
        auto successor = must(Database::open(location()));
        return takeLeadership(successor, {"b"}, at(2));
    });
    EXPECT_EQ(taking.wait_for(100ms), std::future_status::timeout);
    goOn.count_down();
    EXPECT_TRUE(durable.get_future().get());
    EXPECT_EQ(must(taking.get()).term, 2);
    EXPECT_EQ(must(reader().verifyAudit()).rows, 1) << "what was told to be durable is there";
    EXPECT_FALSE(commit(writer, transition(2)));
}

TEST_F(LeadershipTest, LeavesAWriterWithoutATermAlone) {
    Writer writer(open());
    auto database = open();
    must(takeLeadership(database, {"a"}, at(1)));
    EXPECT_TRUE(commit(writer, transition(1)));
}

}  // namespace
}  // namespace klaw::storage
