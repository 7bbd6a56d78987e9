#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

TEST_F(CourierTest, DoesNotLetASlowCallHoldUpWhatIsAboutSomethingElse) {
    store();
    auto limits = updatable();
    limits.budgets = {{4, 1s}};
    use(limits);
    put({delivery("a", 1, "1"), delivery("b", 1, "1")});
    clock.advance(2s);
    chat->held = true;
    put({delivery("a", 2, "a takes long", "acknowledged")});
    put({delivery("b", 2, "b is acknowledged", "acknowledged")});
    put({delivery("a", 3, "a goes on", "acknowledged")});
    EXPECT_EQ(said().back(), "b is acknowledged update") << "and nothing overtakes what is about the same";
    chat->release();
    clock.advance(1s);
    EXPECT_EQ(said().back(), "a goes on update");
}

using Said = std::vector<std::string>;

/// A platform that meters calls, with messages that can be changed.
class CourierPaceTest : public CourierTest {
protected:
    void SetUp() override {
        store();
        auto limits = updatable();
        limits.updateGap = 3s;
        use(limits);
    }
    /// The next state of an incident, now.
    void say(const std::string& incident, const std::string& reason, std::size_t affected) {
        auto next = delivery(incident, ++revision, std::to_string(affected), reason);
        next.createdAt = next.notBefore = clock.now();
        put({sized(std::move(next), affected)});
    }
    std::uint64_t revision = 0;
};

TEST_F(CourierPaceTest, ShowsNumbersAfterAGapAndWhatPeopleMustKnowAtOnce) {
    say("a", "opened", 1);
    clock.advance(1s);
    say("a", "grew", 2);
    EXPECT_EQ(said(), Said{"1 create"});
    clock.advance(1900ms);
    EXPECT_EQ(chat->calls.size(), 1u);
    clock.advance(100ms);
    EXPECT_EQ(said(), (Said{"1 create", "2 update"}));
    say("a", "acknowledged", 3);
    say("a", "resolved", 0);
    EXPECT_EQ(said(), (Said{"1 create", "2 update", "3 update", "0 update"}));
}

TEST_F(CourierPaceTest, ShowsWhatWaitsTogetherWithTheNextThatMustBeKnown) {
    say("a", "opened", 2);
    clock.advance(5s);
    say("a", "grew", 3);
    clock.advance(1s);
    say("a", "grew", 4);
    say("a", "changed", 4);
    say("a", "acknowledged", 4);
    clock.advance(1h);
    EXPECT_EQ(said(), (Said{"2 create", "3 update", "4 update"}));
}

TEST_F(CourierPaceTest, WaitsLongerWithEveryChangeThatIsNumbersOnly) {
    say("a", "opened", 4);
    for (int minute = 0; minute < 240; ++minute) {
        clock.advance(1min);
        say("a", "changed", 4 + minute % 2);
    }
    EXPECT_LE(chat->calls.size(), 13u);
    EXPECT_GE(chat->calls.size(), 9u) << "it is shown at least once an hour";
}

TEST_F(CourierPaceTest, CostsAtMostThreeCallsForEachAlertOfAGrowingFlappingIncident) {
    std::size_t alerts = 0;
    for (std::size_t size : {1u, 2u, 3u, 5u, 9u, 20u}) {
        auto incident = "of " + std::to_string(size);
        auto before = chat->calls.size();
        say(incident, "opened", 1);
        for (std::size_t there = 2; there <= size; ++there) {
            clock.advance(2s);
            say(incident, "grew", there);
            clock.advance(1s);
            say(incident, "shrank", there - 1);
            say(incident, "grew", there);
        }
        for (int second = 0; second < 300; ++second) {
            clock.advance(1s);
            say(incident, second % 2 ? "grew" : "shrank", std::max<std::size_t>(1, size - (second % 2)));
            say(incident, "changed", size);
        }
        say(incident, "resolved", size);
        EXPECT_EQ(said().back(), std::to_string(size) + " update") << "its end is seen at once";
        auto calls = chat->calls.size() - before;
        EXPECT_LE(calls, 3 * size) << incident;
        alerts += size;
    }
    EXPECT_LE(chat->calls.size(), 3 * alerts);
}

/// Two channels of one application.
TEST_F(CourierTest, KeepsTheRateOfAnApplicationInAllItsChatsTogether) {
    store();
    auto account = std::make_shared<notifiers::Account>("app", clock, std::vector<notifiers::CallBudget>{{5, 1s}});
    notifiers::NotifierLimits limits;
    limits.account = account;
    use(limits);
    auto first = std::make_unique<ScriptedNotifier>(loop, limits, "one");
    auto second = std::make_unique<ScriptedNotifier>(loop, limits, "two");
    std::vector<ScriptedNotifier*> chats{first.get(), second.get()};
    std::vector<std::unique_ptr<notifiers::Notifier>> channels;
    channels.push_back(std::move(first));
    channels.push_back(std::move(second));
    courier->follow(std::move(channels));
    for (int i = 0; i < 20; ++i) {
        auto made = delivery("i" + std::to_string(i), 1, "card");
        made.channel = i % 2 ? "one" : "two";
        put({made});
    }
    auto calls = [&] { return chats[0]->calls.size() + chats[1]->calls.size(); };
    EXPECT_EQ(calls(), 5u);
    clock.advance(1s);
    EXPECT_EQ(calls(), 10u);
    clock.advance(3s);
    EXPECT_EQ(calls(), 20u);
}

}  // namespace
}  // namespace klaw::deliver::testing
