#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

using Said = std::vector<std::string>;

/// A card that is there, and two newer states of it: one whose call has no answer yet, and one that waits.
class CourierOrderTest : public CourierTest {
protected:
    void SetUp() override { store(); }
    void oneUnderWayAndOneWaiting(Error failure) {
        use(updatable());
        put({delivery("a", 1, "1")});
        chat->held = true;
        put({delivery("a", 2, "2", "acknowledged")});
        put({delivery("a", 3, "3", "acted")});
        chat->failures.push_back(std::move(failure));
        chat->release();
    }
};

TEST_F(CourierOrderTest, NeverPutsAnOlderStateThatFailedOverANewerOne) {
    oneUnderWayAndOneWaiting(unavailable());
    clock.advance(5min);
    EXPECT_EQ(said(), (Said{"1 create", "2 update", "3 update"}));
    EXPECT_EQ(states(), (std::map<std::string, std::string>{{"a.1", "sent"}, {"a.2", "superseded"}, {"a.3", "sent"}}));
}

TEST_F(CourierOrderTest, NeverPutsAnOlderStateWhoseAnswerWasLostOverANewerOne) {
    oneUnderWayAndOneWaiting(timedOut());
    clock.advance(5min);
    EXPECT_EQ(said(), (Said{"1 create", "2 update", "3 update"}));
    EXPECT_EQ(states()["a.2"], "superseded");
}

TEST_F(CourierOrderTest, TakesTheWaitOfWhatFailedOverToItsReplacement) {
    oneUnderWayAndOneWaiting(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::afterAtLeast(7s)));
    clock.advance(6900ms);
    EXPECT_EQ(chat->calls.size(), 2u);
    put({delivery("a", 4, "4", "escalated")});
    EXPECT_EQ(chat->calls.size(), 2u) << "a newer one waits no less";
    clock.advance(20s);
    EXPECT_EQ(said().back(), "4 update");
    EXPECT_EQ(chat->calls.size(), 3u);
}

TEST_F(CourierOrderTest, MakesOneCardAlsoWhenTheAnswerToTheFirstCallWasLost) {
    use(updatable());
    chat->failures.push_back(timedOut());
    put({delivery("a", 1, "1")});
    put({delivery("a", 2, "2", "acknowledged")});
    put({delivery("a", 3, "3", "acted")});
    clock.advance(5min);
    EXPECT_EQ(said(), (Said{"1 create", "1 create", "3 update"}));
    EXPECT_EQ(chat->calls[1].key, chat->calls[0].key);
    EXPECT_EQ(states()["a.2"], "superseded");
}

TEST_F(CourierOrderTest, SendsTheNewestStateOnceAfterAnOutageInWhichEveryCallTimedOut) {
    use(updatable());
    put({delivery("a", 1, "1")});
    for (int i = 0; i < 100; ++i) chat->failures.push_back(timedOut());
    for (std::uint64_t revision = 2; revision <= 60; ++revision) {
        put({delivery("a", revision, std::to_string(revision), "acted")});
        clock.advance(30s);
    }
    chat->failures.clear();
    auto before = chat->calls.size();
    clock.advance(5min);
    ASSERT_EQ(chat->calls.size(), before + 1);
    EXPECT_EQ(said().back(), "60 update");
    auto after = states();
    EXPECT_EQ(std::ranges::count(after, "superseded", &std::pair<const std::string, std::string>::second), 58);
}

TEST_F(CourierOrderTest, KeepsTheOrderOfACardOverARestart) {
    use(updatable());
    chat->held = true;
    put({delivery("a", 1, "1")});
    put({delivery("a", 2, "2", "acknowledged")});
    auto key = chat->calls[0].key;
    restart();
    EXPECT_EQ(said(), (Said{"1 create", "2 update"}));
    EXPECT_EQ(chat->calls[0].key, key);
    EXPECT_TRUE(chat->calls[0].mayRepeat);
}

TEST_F(CourierOrderTest, ForgetsAnOlderStateOverARestartWhenANewerOneWaits) {
    storage::UnitOfWork unit;
    unit.incidents.push_back({});
    unit.incidents.back().id = "a";
    ASSERT_TRUE(stored(unit));
    use(updatable());
    put({delivery("a", 1, "1")});
    chat->held = true;
    put({delivery("a", 2, "2", "acknowledged")});
    put({delivery("a", 3, "3", "acted")});
    restart();
    EXPECT_EQ(said(), (Said{"3 update"}));
    EXPECT_EQ(states(), (std::map<std::string, std::string>{{"a.1", "sent"}, {"a.2", "superseded"}, {"a.3", "sent"}}));
}

TEST_F(CourierOrderTest, SendsTheRestOfADigestOfWhichOneIsOvertakenWhileItLeaves) {
    notifiers::NotifierLimits limits;
    limits.budgets = {{2, 1min}};
    use(limits);
    put({delivery("x", 1, "first")});
    put({delivery("y", 1, "second")});
    put({delivery("a", 1, "a"), delivery("b", 1, "b"), delivery("c", 1, "c"), delivery("d", 1, "d")});
    clock.advance(59s);
    storage::UnitOfWork overtaking;
    overtaking.newDeliveries = {delivery("a", 2, "a anew", "changed")};
    auto claimed = courier->claim(overtaking);
    auto committed = stored(overtaking);
    ASSERT_TRUE(committed);
    clock.advance(2s);  // the digest would leave
    courier->commitDone(overtaking.newDeliveries, claimed, *committed);
    for (int minute = 0; minute < 3; ++minute) clock.advance(1min);
    auto after = states();
    EXPECT_EQ(after["a.1"], "superseded");
    for (const auto* id : {"a.2", "b.1", "c.1", "d.1"}) EXPECT_EQ(after[id], "sent") << id;
}

}  // namespace
}  // namespace klaw::deliver::testing
