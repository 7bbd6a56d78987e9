#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

using People = std::vector<std::string>;

storage::Delivery calling(storage::Delivery delivery, const std::string& person) {
    auto card = *notifiers::cardFromJson(delivery.payload);
    card.mentions.push_back({person, "Name of " + person});
    delivery.payload = toJson(card);
    return delivery;
}

/// A channel that is paused for a minute, so that everything waits.
class CourierMentionsTest : public CourierTest {
protected:
    void SetUp() override { store(); }
    void pause() {
        chat->failures.push_back(Error(ErrorCode::ResourceExhausted, "throttled").withRetry(Retry::afterAtLeast(1min)));
        put({delivery("x", 1, "stops the channel")});
    }
};

TEST_F(CourierMentionsTest, CallsByNameWithTheStateThatReplacedTheCallBeforeItLeft) {
    use(updatable());
    pause();
    put({calling(delivery("a", 1, "one Pod"), "li")});
    put({delivery("a", 2, "two Pods", "grew")});
    clock.advance(2min);
    ASSERT_EQ(chat->calls.size(), 3u);
    EXPECT_EQ(said().back(), "two Pods create");
    EXPECT_EQ(chat->calls.back().mentions, People{"li"});
}

TEST_F(CourierMentionsTest, CallsEverybodyWhomTheReplacedStatesCalledEachOnce) {
    use(updatable());
    put({delivery("a", 1, "1")});
    pause();
    put({calling(delivery("a", 2, "2", "escalated"), "li")});
    put({calling(calling(delivery("a", 3, "3", "escalated"), "li"), "wang")});
    put({delivery("a", 4, "4", "changed")});
    clock.advance(2min);
    EXPECT_EQ(said().back(), "4 create") << "a change in place would call nobody";
    EXPECT_EQ(chat->calls.back().mentions, (People{"li", "wang"}));
}

TEST_F(CourierMentionsTest, RemindsAlsoWhenTheReminderWasReplacedByAnotherState) {
    use(updatable());
    put({delivery("a", 1, "1")});
    pause();
    put({delivery("a", 2, "2", "reminded")});
    put({delivery("a", 3, "3", "changed")});
    clock.advance(2min);
    EXPECT_EQ(said().back(), "3 create");
}

TEST_F(CourierMentionsTest, CallsByNameAfterACallThatFailedWhileANewerStateWaited) {
    use(updatable());
    put({delivery("a", 1, "1")});
    chat->held = true;
    put({calling(delivery("a", 2, "2", "escalated"), "li")});
    put({delivery("a", 3, "3", "grew")});
    chat->failures.push_back(unavailable());
    chat->release();
    clock.advance(1min);
    EXPECT_EQ(said().back(), "3 create");
    EXPECT_EQ(chat->calls.back().mentions, People{"li"});
}

TEST_F(CourierMentionsTest, RemembersOverARestartWhomToCall) {
    use(updatable());
    pause();
    put({calling(delivery("a", 1, "1"), "li")});
    put({delivery("a", 2, "2", "grew")});
    restart();
    ASSERT_FALSE(chat->calls.empty());
    EXPECT_EQ(said().front(), "2 create");
    EXPECT_EQ(chat->calls.front().mentions, People{"li"});
}

TEST_F(CourierMentionsTest, CallsNobodyForWhatIsOver) {
    use(updatable());
    put({delivery("a", 1, "1")});
    pause();
    put({calling(delivery("a", 2, "2", "reminded"), "li")});
    put({delivery("a", 3, "3", "resolved")});
    clock.advance(2min);
    EXPECT_EQ(said().back(), "3 update");
    EXPECT_EQ(chat->calls.back().mentions, People{});
}

TEST_F(CourierMentionsTest, CallsThePeopleOfAllCardsOfADigest) {
    notifiers::NotifierLimits limits;
    limits.budgets = {{1, 1min}};
    use(limits);
    put({delivery("x", 1, "first")});
    std::vector<storage::Delivery> many;
    for (int i = 0; i < 6; ++i)
        many.push_back(calling(delivery("i" + std::to_string(i), 1, "card"), i < 3 ? "li" : "wang"));
    put(std::move(many));
    clock.advance(61s);
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_EQ(chat->calls[1].affected, 6u);
    EXPECT_EQ(chat->calls[1].mentions, (People{"li", "wang"}));
}

}  // namespace
}  // namespace klaw::deliver::testing
