#include "storage/leadership.hpp"

#include <atomic>

#include "storage/recovery.hpp"
#include "storage/transaction.hpp"
#include "storage/writer.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::must;

class LeadershipTest : public testing::WithDatabase {
protected:
    UnitOfWork note(const std::string& value) {
        UnitOfWork unit;
        unit.meta.push_back({"note", value});
        return unit;
    }
    std::string noted() {
        auto database = open();
        return must(loadState(database, RecoveryHorizon())).meta["note"];
    }
};

TEST_F(LeadershipTest, GivesEachWhoTakesItALaterTerm) {
    auto first = open(), second = open();
    EXPECT_EQ(must(leadershipOf(first)).term, 0);
    EXPECT_EQ(must(takeLeadership(first, {"a"}, at(1))).term, 1);
    EXPECT_EQ(must(takeLeadership(second, {"b"}, at(2))), (Leadership{2, "b", at(2)}));
    EXPECT_EQ(must(leadershipOf(first)).holder, "b");
}

TEST_F(LeadershipTest, RefusesATransactionOfATermThatIsOver) {
    auto first = open(), second = open();
    must(takeLeadership(first, {"a"}, at(1)));
    ASSERT_TRUE(Transaction::begin(first));
    must(takeLeadership(second, {"b"}, at(2)));
    auto late = Transaction::begin(first);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Expired);
    EXPECT_FALSE(first.inTransaction());
    EXPECT_TRUE(Transaction::begin(second));
}

TEST_F(LeadershipTest, WriterOfATermThatIsOverWritesNothingMoreAndSaysSoBeforeAnybodyHearsOfTheirUnit) {
    auto database = open();
    must(takeLeadership(database, {"a"}, at(1)));
    std::atomic<int> overtaken{0}, degraded{0};
    std::atomic<bool> toldFirst{false};
    WriterOptions options;
    options.overtaken = [&](const Error& reason) {
        EXPECT_EQ(reason.code, ErrorCode::Expired);
        ++overtaken;
    };
    options.health = [&](const std::optional<Error>&) { ++degraded; };
    Writer writer(std::move(database), std::move(options));
    writer.submit(note("mine"));
    ASSERT_TRUE(writer.flush(10s));
    auto other = open();
    must(takeLeadership(other, {"b"}, at(2)));
    std::promise<Result<Committed>> late;
    writer.submit(note("late"), [&](Result<Committed> result) {
        toldFirst = overtaken == 1;
        late.set_value(std::move(result));
    });
    auto refused = late.get_future().get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Expired);
    EXPECT_TRUE(toldFirst);
    std::promise<Result<Committed>> later;
    writer.submit(note("later"), [&](Result<Committed> result) { later.set_value(std::move(result)); });
    EXPECT_EQ(later.get_future().get().error().code, ErrorCode::Expired);
    EXPECT_EQ(overtaken, 1);
    EXPECT_EQ(degraded, 0) << "it is not as if the disk were full, when cards go out all the same";
    EXPECT_EQ(noted(), "mine");
}

TEST_F(LeadershipTest, WithoutATermAnybodyMayWrite) {
    auto first = open(), second = open();
    must(takeLeadership(first, {"a"}, at(1)));
    EXPECT_TRUE(Transaction::begin(second));
}

}  // namespace
}  // namespace klaw::storage
