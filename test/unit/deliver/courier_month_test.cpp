#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

/// A platform that takes a hundred calls a month.
class CourierMonthTest : public CourierTest {
protected:
    void SetUp() override {
        store();
        account->limitMonth(100);
        auto limits = updatable();
        limits.account = account;
        use(limits);
    }
    void spend(unsigned calls) {
        for (unsigned i = 0; i < calls; ++i) account->count();
    }
    storage::Delivery opened(int number) {
        auto made = delivery("i" + std::to_string(number), 1, "card " + std::to_string(number));
        made.createdAt = made.notBefore = clock.now();
        return made;
    }
    std::shared_ptr<notifiers::Account> account = std::make_shared<notifiers::Account>("app", clock);
};

TEST_F(CourierMonthTest, JoinsCardsInDigestsBeforeTheMonthsCallsAreUsedUp) {
    spend(80);
    for (int i = 0; i < 60; ++i) {
        put({opened(i)});
        clock.advance(30s);
    }
    clock.advance(10min);
    EXPECT_LE(chat->calls.size(), 5u) << "one in ten minutes";
    std::size_t told = 0;
    for (const auto& call : chat->calls) told += std::max<std::size_t>(1, call.affected);
    EXPECT_EQ(told, 60u) << "of all of them";
    EXPECT_EQ(undelivered, std::vector<std::string>());
}

TEST_F(CourierMonthTest, SavesProgressButNotHowItEnds) {
    auto answer = [](std::uint64_t revision, const std::string& title, std::string_view reason) {
        auto made = delivery("reply-1", revision, title, std::string(reason));
        auto card = *notifiers::cardFromJson(made.payload);
        card.reply.emplace();
        made.payload = toJson(card);
        return made;
    };
    put({answer(1, "asked", "reply")});
    put({answer(2, "1/3 ready", progressReason)});
    spend(80);
    put({answer(3, "2/3 ready", progressReason)});
    clock.advance(1min);
    put({answer(4, "3/3 ready", "reply")});
    EXPECT_EQ(said(), (std::vector<std::string>{"asked create", "1/3 ready update", "3/3 ready update"}));
}

TEST_F(CourierMonthTest, StillSendsWhatIsCriticalAndWhatSomebodyDidAtOnce) {
    put({opened(1)});
    spend(79);
    put({opened(2)});
    put({opened(3)});
    put({critical(opened(4))});
    put({delivery("i1", 2, "acknowledged", "acknowledged")});
    EXPECT_EQ(said(),
              (std::vector<std::string>{"card 1 create", "card 2 create", "card 4 create", "acknowledged update"}));
}

TEST_F(CourierMonthTest, TellsTheStandInAtOnceAndGoesOnInHourlyDigestsWhenTheCallsAreUsedUp) {
    spend(100);
    for (int i = 0; i < 12; ++i) {
        put({critical(opened(i))});
        clock.advance(10min);
    }
    EXPECT_LE(chat->calls.size(), 3u);
    EXPECT_EQ(undelivered.size(), 12u);
}

TEST_F(CourierMonthTest, BeginsAnewWithTheMonthOfThePlatforms) {
    spend(100);
    put({opened(1)});
    put({opened(2)});
    EXPECT_EQ(chat->calls.size(), 1u);
    clock.advance(*parseRfc3339("2026-11-30T16:00:00Z") - clock.now());
    put({opened(3)});
    EXPECT_EQ(said().back(), "card 3 create");
    EXPECT_EQ(account->left(), 99u);
}

TEST_F(CourierMonthTest, StoresTheCountWithEveryResult) {
    put({opened(1)});
    put({opened(2)});
    std::string stored;
    for (const auto& unit : units)
        for (const auto& entry : unit.meta)
            if (entry.key == "calls.app") stored = entry.value;
    EXPECT_EQ(stored, "2026-11 2");
}

TEST_F(CourierMonthTest, TellsTheStandInAtOnceWhenThePlatformSaysThatTheQuotaIsSpent) {
    chat->failures.push_back(Error(ErrorCode::ResourceExhausted, "quota").withRetry(Retry::afterAtLeast(1h)));
    put({opened(1)});
    EXPECT_EQ(undelivered, std::vector<std::string>{"chat/i1"});
    put({opened(2)});
    EXPECT_EQ(undelivered, (std::vector<std::string>{"chat/i1", "chat/i2"})) << "which is not even tried";
    clock.advance(59min);
    EXPECT_EQ(chat->calls.size(), 1u);
    clock.advance(2h);
    EXPECT_EQ(chat->calls.size(), 3u) << "both arrive in the end";
}

TEST_F(CourierMonthTest, TriesWhatIsRefusedForAnUnknownReasonEverMoreRarely) {
    Error strange = Error(ErrorCode::Unsupported, "code 4711").withRetry(Retry::later());
    for (int i = 0; i < 100; ++i) chat->failures.push_back(strange);
    put({opened(1)});
    for (int hour = 0; hour < 12; ++hour) clock.advance(1h);
    EXPECT_LE(chat->calls.size(), 30u);
    EXPECT_GE(chat->calls.size(), 12u);
    EXPECT_EQ(undelivered, std::vector<std::string>{"chat/i1"});
    chat->failures.clear();
    put({opened(2)});
    EXPECT_EQ(said().back(), "card 2 create") << "others do not wait for it, nor does it come with them";
}

}  // namespace
}  // namespace klaw::deliver::testing
