// One living card per problem: the message before says that it is continued, once, and nothing waits for that.
#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

using Lines = std::vector<std::string>;

storage::Delivery assigned(storage::Delivery delivery) {
    auto card = *notifiers::cardFromJson(delivery.payload);
    card.mentions.push_back({"li", "李雷"});
    card.buttons.emplace_back();
    card.buttons.back().command = "ack 3f9a";
    delivery.payload = toJson(card);
    return delivery;
}

class CourierContinuedTest : public CourierTest {
protected:
    void SetUp() override {
        store();
        use(updatable());
        chat->numbersMessages = true;
        put({delivery("a", 1, "opened")});
    }
    /// What each message shows now, oldest first.
    Lines screen() const {
        Lines shown;
        for (const auto& [ref, card] : chat->screen) shown.push_back(ref + " " + card);
        return shown;
    }
};

TEST_F(CourierContinuedTest, EndsTheFirstCardWhenAReminderTakesItsPlace) {
    put({delivery("a", 2, "reminded", "reminded")});
    EXPECT_EQ(screen(), (Lines{"ref-1 continued", "ref-2 firing"}));
    put({delivery("a", 3, "resolved", "resolved")});
    EXPECT_EQ(screen(), (Lines{"ref-1 continued", "ref-2 firing"}));
    EXPECT_EQ(said(), (Lines{"opened create", "reminded create", "reminded update", "resolved update"}));
    EXPECT_EQ(chat->calls.back().reference, "ref-2");
    EXPECT_EQ(states()["a.2.closing"], "sent");
}

TEST_F(CourierContinuedTest, EndsEachCardOnceHoweverManyFollow) {
    put({delivery("a", 2, "2", "reminded")});
    put({assigned(delivery("a", 3, "3", "assigned"))});
    put({delivery("a", 4, "4", "acknowledged")});
    EXPECT_EQ(screen(), (Lines{"ref-1 continued", "ref-2 continued", "ref-3 firing"}));
    EXPECT_EQ(chat->calls.size(), 6u);
}

TEST_F(CourierContinuedTest, LeavesNoButtonOnTheCardThatEnds) {
    put({assigned(delivery("a", 2, "2", "assigned"))});
    auto closing = std::ranges::find(chat->calls, true, &Call::update);
    ASSERT_NE(closing, chat->calls.end());
    EXPECT_EQ(closing->buttons, 0u);
    EXPECT_EQ(closing->mentions, Lines{});
}

TEST_F(CourierContinuedTest, EndsTheFirstCardAfterARestart) {
    chat->onCall = [this] { chat->held = chat->calls.size() == 3; };
    put({delivery("a", 2, "reminded", "reminded")});
    auto before = chat->screen;
    EXPECT_EQ(screen(), (Lines{"ref-1 firing", "ref-2 firing"}));
    restart();
    clock.advance(1min);
    chat->screen.merge(before);
    EXPECT_EQ(screen(), (Lines{"ref-1 continued", "ref-2 firing"}));
    put({delivery("a", 3, "resolved", "resolved")});
    EXPECT_EQ(chat->calls.back().reference, "ref-2");
}

TEST_F(CourierContinuedTest, HoldsNothingUpWhileTheFirstCardCannotBeEnded) {
    chat->outage = [this]() -> std::optional<Error> {
        if (chat->calls.back().reference != "ref-1") return std::nullopt;
        return Error(ErrorCode::Unsupported, "odd").withRetry(Retry::later());
    };
    put({delivery("a", 2, "reminded", "reminded")});
    put({delivery("a", 3, "acknowledged", "acknowledged")});
    clock.advance(5s);
    EXPECT_TRUE(std::ranges::any_of(
        chat->calls, [](const Call& call) { return call.card == "acknowledged" && call.reference == "ref-2"; }));
    EXPECT_EQ(undelivered, Lines{}) << "everybody has the card";
}

}  // namespace
}  // namespace klaw::deliver::testing
