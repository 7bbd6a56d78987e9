#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

TEST_F(CourierTest, NotesTheStartDurablyBeforeAnythingLeaves) {
    use();
    chat->onCall = [this] { EXPECT_EQ(starts().size(), 1u); };
    enqueue({delivery("a", 1, "first")});
    ASSERT_EQ(chat->calls.size(), 1u);
    ASSERT_EQ(results().size(), 1u);
    EXPECT_EQ(results()[0].outcome, storage::AttemptOutcome::Delivered);
    EXPECT_EQ(results()[0].platformRef, "ref-a");
}

TEST_F(CourierTest, TriesAgainWithTheSameKey) {
    use();
    chat->failures.push_back(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::afterAtLeast(7s)));
    enqueue({delivery("a", 1, "first")});
    ASSERT_EQ(chat->calls.size(), 1u);
    clock.advance(6900ms);
    EXPECT_EQ(chat->calls.size(), 1u) << "not before Retry-After";
    clock.advance(20s);
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_EQ(chat->calls[1].key, chat->calls[0].key);
    EXPECT_FALSE(chat->calls[1].mayRepeat);
    EXPECT_EQ(results()[0].outcome, storage::AttemptOutcome::RetryLater);
}

TEST_F(CourierTest, SaysThatACardMayBeARepeatWhenTheAnswerWasLost) {
    use();
    chat->failures.push_back(Error(ErrorCode::OutcomeUnknown, "connection lost").withRetry(Retry::later()));
    enqueue({delivery("a", 1, "first")});
    clock.advance(30s);
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_TRUE(chat->calls[1].mayRepeat);
    EXPECT_EQ(chat->calls[1].key, chat->calls[0].key);
    EXPECT_EQ(results()[0].outcome, storage::AttemptOutcome::Unknown);
}

TEST_F(CourierTest, GoesOnWhereANotifierThrows) {
    use();
    bool broken = true;
    chat->onCall = [&broken] {
        if (std::exchange(broken, false)) throw std::runtime_error("odd answer");
    };
    enqueue({delivery("a", 1, "first")});
    EXPECT_EQ(failures, std::vector<std::string>{"later: an unexpected failure: odd answer"});
    EXPECT_EQ(courier->status()[0].inFlight, 0u);
    enqueue({delivery("b", 1, "another")});
    clock.advance(30s);
    ASSERT_EQ(chat->calls.size(), 3u);
    EXPECT_EQ(chat->calls[1].card, "another");
    EXPECT_EQ(chat->calls[2].card, "first");
    EXPECT_TRUE(chat->calls[2].mayRepeat);
}

TEST_F(CourierTest, ClosesWhatIsRefusedForGoodVisibly) {
    use();
    chat->failures.push_back(Error(ErrorCode::PermissionDenied, "wrong token"));
    enqueue({delivery("a", 1, "first")});
    clock.advance(10min);
    EXPECT_EQ(chat->calls.size(), 1u);
    EXPECT_EQ(failures, (std::vector<std::string>{"for good: wrong token"}));
    EXPECT_EQ(results()[0].outcome, storage::AttemptOutcome::Refused);
    EXPECT_EQ(courier->status()[0].refused, 1u);
}

TEST_F(CourierTest, SaysOnceThatACardCouldNotBeDeliveredInThreeTriesAndGoesOnTrying) {
    use();
    for (int i = 0; i < 5; ++i) chat->failures.push_back(unavailable());
    enqueue({delivery("a", 1, "first")});
    clock.advance(2s);
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_EQ(undelivered, std::vector<std::string>());
    clock.advance(10min);
    EXPECT_EQ(undelivered, std::vector<std::string>{"chat/a"});
    EXPECT_EQ(chat->calls.size(), 6u);
}

TEST_F(CourierTest, SaysAtOnceThatACardWasRefused) {
    use();
    chat->failures.emplace_back(ErrorCode::PermissionDenied, "wrong token");
    enqueue({delivery("a", 1, "first")});
    EXPECT_EQ(undelivered, std::vector<std::string>{"chat/a"});
}

TEST_F(CourierTest, CountsAnOutageFromTheFirstCardThatWaitsToTheNextThatArrives) {
    use();
    chat->failures.push_back(unavailable());
    clock.advance(1min);
    EXPECT_EQ(courier->status()[0].failingSince, std::nullopt);
    enqueue({delivery("a", 1, "first")});
    EXPECT_EQ(courier->status()[0].failingSince, start) << "when the card was made, also before a restart";
    clock.advance(1min);
    EXPECT_EQ(courier->status()[0].failingSince, std::nullopt);
}

TEST_F(CourierTest, SendsOnlyTheNewestPictureOfAnIncidentThatWaits) {
    use();
    chat->failures.push_back(Error(ErrorCode::ResourceExhausted, "throttled").withRetry(Retry::afterAtLeast(1min)));
    enqueue({delivery("x", 1, "stops the channel")});
    enqueue({delivery("a", 1, "old")});
    enqueue({delivery("a", 2, "new")});
    clock.advance(2min);
    std::vector<std::string> cards;
    for (const auto& call : chat->calls) cards.push_back(call.card);
    EXPECT_EQ(cards, (std::vector<std::string>{"stops the channel", "stops the channel", "new"}));
}

TEST_F(CourierTest, UpdatesTheCardThatIsThere) {
    notifiers::NotifierLimits limits;
    limits.canUpdate = true;
    use(limits);
    enqueue({delivery("a", 1, "first")});
    enqueue({delivery("a", 2, "second", "changed")});
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_FALSE(chat->calls[0].update);
    EXPECT_TRUE(chat->calls[1].update);
}

TEST_F(CourierTest, UpdatesTheCardOfAnIncidentThatIsReopenedSoonAndSendsAnewWhatPeopleMustHear) {
    notifiers::NotifierLimits limits;
    limits.canUpdate = true;
    use(limits);
    enqueue({delivery("a", 1, "first"), delivery("b", 1, "other")});
    enqueue({delivery("a", 2, "over", "resolved"), delivery("b", 2, "over", "resolved")});
    enqueue({delivery("a", 3, "again", "reopened")});
    ASSERT_EQ(chat->calls.size(), 5u);
    EXPECT_TRUE(chat->calls[4].update);
    enqueue({delivery("a", 4, "again", "opened")});
    EXPECT_FALSE(chat->calls[5].update);
    clock.advance(20min);
    enqueue({delivery("a", 5, "changed", "changed")});
    EXPECT_TRUE(chat->calls[6].update);
    enqueue({delivery("b", 3, "again", "reopened")});
    EXPECT_FALSE(chat->calls[7].update) << "that card is forgotten";
}

TEST_F(CourierTest, StaysWithinTheBudgetAndJoinsWhatWaitsInDigests) {
    notifiers::NotifierLimits limits;
    limits.budgets = {{18, 1min}};
    use(limits);
    std::vector<storage::Delivery> many;
    for (int i = 0; i < 500; ++i) many.push_back(delivery("i" + std::to_string(i), 1, "card " + std::to_string(i)));
    enqueue(std::move(many));
    EXPECT_LE(chat->calls.size(), 18u);
    clock.advance(1min);
    EXPECT_LE(chat->calls.size(), 36u);
    for (int minute = 0; minute < 5; ++minute) clock.advance(1min);
    EXPECT_EQ(results().size(), 500u) << "none is lost";
    EXPECT_GT(courier->status()[0].digests, 0u);
    std::size_t delivered = 0;
    for (const auto& result : results()) delivered += result.outcome == storage::AttemptOutcome::Delivered;
    EXPECT_EQ(delivered, 500u);
}

TEST_F(CourierTest, TellsOfAThousandIncidentsOfOneMinuteInFewCardsThatNameThemAll) {  // R8
    notifiers::NotifierLimits limits;
    limits.budgets = {{18, 1min}};
    use(limits);
    for (int second = 0; second < 60; ++second) {
        std::vector<storage::Delivery> some;
        for (int i = second * 1000 / 60; i < (second + 1) * 1000 / 60; ++i)
            some.push_back(delivery("i" + std::to_string(i), 1, "card " + std::to_string(i)));
        enqueue(std::move(some));
        clock.advance(1s);
    }
    for (int minute = 0; minute < 4; ++minute) clock.advance(1min);
    EXPECT_LE(chat->calls.size(), 60u);
    std::size_t told = 0;
    for (const auto& call : chat->calls) told += std::max<std::size_t>(1, call.affected);
    EXPECT_EQ(told, 1000u);
}

TEST_F(CourierTest, TakesUpWhatWasOnItsWayBeforeARestart) {
    use();
    storage::RecoveredState state;
    auto sending = delivery("a", 1, "was leaving");
    sending.state = storage::DeliveryState::Sending;
    sending.attempts = 1;
    state.deliveries = {sending, delivery("b", 1, "was waiting")};
    courier->restore(state);
    loop.poll();
    ASSERT_EQ(chat->calls.size(), 2u);
    EXPECT_TRUE(chat->calls[0].mayRepeat);
    EXPECT_FALSE(chat->calls[1].mayRepeat);
}

TEST_F(CourierTest, GivesUpCardsForChannelsThatAreGone) {
    use();
    auto lost = delivery("a", 1, "for nobody");
    lost.channel = "gone";
    storage::RecoveredState state;
    state.deliveries = {lost};
    courier->restore(state);
    ASSERT_EQ(results().size(), 1u);
    EXPECT_EQ(results()[0].code, "no_channel");
}

TEST_F(CourierTest, SendsWhatWaitsThroughTheNewWayWhenTheChannelIsConfiguredAnew) {
    use();
    chat->failures.push_back(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::afterAtLeast(10min)));
    enqueue({delivery("a", 1, "waits")});
    auto anew = std::make_unique<ScriptedNotifier>(loop);
    auto* other = anew.get();
    follow(std::move(anew));
    loop.poll();
    ASSERT_EQ(other->calls.size(), 1u) << "at once, though the old way had to pause";
    EXPECT_EQ(other->calls[0].card, "waits");
}

TEST_F(CourierTest, KeepsTheBudgetOfAChannelThatIsConfiguredAnew) {
    notifiers::NotifierLimits limits;
    limits.budgets = {{2, 1min}};
    use(limits);
    enqueue({delivery("a", 1, "first")});
    enqueue({delivery("b", 1, "second")});
    auto anew = std::make_unique<ScriptedNotifier>(loop, limits);
    auto* other = anew.get();
    follow(std::move(anew));
    enqueue({delivery("c", 1, "third")});
    EXPECT_TRUE(other->calls.empty());
    clock.advance(61s);
    EXPECT_EQ(other->calls.size(), 1u);
}

TEST_F(CourierTest, RefusesWhatWaitsForAChannelThatIsTakenOut) {
    use();
    chat->failures.push_back(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::afterAtLeast(10min)));
    enqueue({delivery("a", 1, "waits")});
    follow(nullptr);
    loop.poll();
    ASSERT_EQ(results().size(), 2u);
    EXPECT_EQ(results()[1].outcome, storage::AttemptOutcome::Refused);
    EXPECT_EQ(results()[1].code, "no_channel");
    EXPECT_TRUE(courier->status().empty());
    EXPECT_TRUE(courier->idle());
}

TEST_F(CourierTest, StartsWhatMayLeaveAtOnceInTheUnitThatStoresIt) {
    use();
    storage::UnitOfWork unit;
    unit.newDeliveries = {delivery("a", 1, "first")};
    auto claimed = courier->claim(unit);
    ASSERT_EQ(unit.deliveryStarts.size(), 1u);
    EXPECT_TRUE(chat->calls.empty()) << "nothing leaves before the commit";
    courier->commitDone(unit.newDeliveries, claimed, {});
    loop.poll();
    EXPECT_EQ(chat->calls.size(), 1u);
    EXPECT_TRUE(starts().empty()) << "no second commit";
}

TEST_F(CourierTest, SendsNothingOfAUnitThatWasRefused) {
    use();
    storage::UnitOfWork unit;
    unit.newDeliveries = {delivery("a", 1, "first")};
    auto claimed = courier->claim(unit);
    courier->commitFailed(unit.newDeliveries, claimed);
    loop.poll();
    EXPECT_TRUE(chat->calls.empty());
    enqueue({delivery("a", 2, "next")});
    EXPECT_EQ(chat->calls.size(), 1u) << "the channel is free again";
}

TEST_F(CourierTest, TellsHowLongACardTookSinceItsDecisionAndSinceTheEventBehindIt) {
    use();
    clock.advance(3s);
    auto ofEvent = delivery("a", 1, "of an Event"), plain = delivery("b", 1, "of a Pod"),
         skewed = delivery("c", 1, "?");
    ofEvent.causedAt = start - 2s;
    skewed.causedAt = start + 1h;  // the clock of a node is ahead
    enqueue({ofEvent, plain, skewed});
    ASSERT_TRUE(loop.runUntil([&] { return latencies.size() == 3; }));
    EXPECT_EQ(latencies[0].sinceDecided, 3s);
    EXPECT_EQ(latencies[0].sinceEvent, 5s);
    EXPECT_EQ(latencies[1].sinceEvent, std::nullopt);
    EXPECT_EQ(latencies[2].sinceEvent, 0s);
}

}  // namespace
}  // namespace klaw::deliver::testing
