// Ringing people: a delivery of its own, about a card that has arrived, once.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "agent/deliver/courier.hpp"
#include "agent/deliver/delivery_planner.hpp"

namespace klaw::deliver {
namespace {

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

class RingingChat final : public notifiers::Notifier {
public:
    std::string_view name() const override { return "chat"; }
    std::string_view kind() const override { return "scripted"; }
    notifiers::NotifierLimits limits() const override {
        notifiers::NotifierLimits limits;
        limits.canUpdate = limits.canRing = true;
        return limits;
    }
    Task<Result<notifiers::Receipt>> send(notifiers::Card card, notifiers::SendContext) override {
        co_return answer("send " + card.title, "ref-" + card.id);
    }
    Task<Result<notifiers::Receipt>> ring(std::string reference, notifiers::Card card,
                                          notifiers::SendContext context) override {
        std::string people;
        for (const auto& mention : context.mentions) people += " " + mention.id;
        co_return answer("ring by " + std::string(rules::toString(card.ring)) + " about " + reference + people, "");
    }

    std::vector<std::string> calls;
    std::deque<Error> failures;

private:
    Result<notifiers::Receipt> answer(std::string call, std::string reference) {
        calls.push_back(std::move(call));
        if (failures.empty()) return notifiers::Receipt(std::move(reference), "");
        auto failure = failures.front();
        failures.pop_front();
        return fail(failure);
    }
};

storage::Delivery delivery(rules::Ring ring = rules::Ring::None) {
    notifiers::Card card;
    card.id = "i1";
    card.title = "web is down";
    card.mentions = {{"ou_li", "Li"}};
    card.ring = ring;
    storage::Delivery made;
    bool rings = ring != rules::Ring::None;
    made.id = rings ? "i1.1.chat.ring" : "i1.1.chat";
    made.channel = "chat";
    made.incidentId = "i1";
    made.reason = rings ? std::string(ringReason) : "opened";
    made.livingCard = !rings;
    made.payload = notifiers::toJson(card);
    made.createdAt = made.notBefore = start;
    return made;
}

class CourierRing : public testing::Test {
protected:
    void SetUp() override {
        auto made = std::make_unique<RingingChat>();
        chat = made.get();
        auto commit = [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
            for (const auto& result : unit.deliveryResults)
                results.push_back(result.deliveryId + " " + std::string(toString(result.outcome)));
            for (const auto& id : unit.supersededDeliveries) superseded.push_back(id);
            if (done) loop.post([done] { done(storage::Committed()); });
        };
        CourierEvents events;
        events.undelivered = [this](const std::string&, const std::string& incident) {
            undelivered.push_back(incident);
        };
        courier = std::make_unique<Courier>(loop, clock, random, commit, CourierOptions(), events);
        std::vector<std::unique_ptr<notifiers::Notifier>> channels;
        channels.push_back(std::move(made));
        courier->follow(std::move(channels));
        courier->start();
        loop.poll();
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("end", courier->stop({}));
        for (int i = 0; i < 100 && !end.empty(); ++i) clock.advance(10ms);
    }
    void carry(std::vector<storage::Delivery> deliveries, Duration time = 1s) {
        courier->commitDone(std::move(deliveries), {}, {});
        pass(time);
    }
    void pass(Duration time) {
        for (Duration passed{}; passed < time; passed += 100ms) clock.advance(100ms);
    }
    /// What the card says once somebody took it.
    storage::UnitOfWork acknowledging() const {
        auto taken = delivery();
        taken.id = "i1.2.chat";
        taken.reason = "acknowledged";
        taken.createdAt = clock.now();
        storage::UnitOfWork unit;
        unit.newDeliveries.push_back(std::move(taken));
        return unit;
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    SeededRandom random{7};
    RingingChat* chat = nullptr;
    std::unique_ptr<Courier> courier;
    std::vector<std::string> results, undelivered, superseded;
};

const std::string sent = "send web is down", rung = "ring by phone about ref-i1 ou_li";

TEST_F(CourierRing, ComesAfterTheCardAndAboutIt) {
    carry({delivery(), delivery(rules::Ring::Phone)});
    EXPECT_EQ(chat->calls, (std::vector<std::string>{sent, rung}));
    EXPECT_EQ(results, (std::vector<std::string>{"i1.1.chat delivered", "i1.1.chat.ring delivered"}));
}

TEST_F(CourierRing, WaitsForACardThatDoesNotArriveAtOnce) {
    chat->failures = {Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::later())};
    carry({delivery(), delivery(rules::Ring::Phone)}, 20s);
    EXPECT_EQ(chat->calls, (std::vector<std::string>{sent, sent, rung}));
}

TEST_F(CourierRing, DoesNotComeWhenSomebodyTookItBeforeItWasHandedOver) {
    auto unit = acknowledging();
    auto claimed = courier->claim(unit);
    courier->commitDone({delivery(), delivery(rules::Ring::Phone)}, {}, {});
    courier->commitDone(unit.newDeliveries, claimed, {});
    pass(5s);
    EXPECT_EQ(std::ranges::count(chat->calls, rung), 0);
    EXPECT_EQ(superseded, std::vector<std::string>{"i1.1.chat.ring"});
}

TEST_F(CourierRing, DoesNotComeWhenSomebodyTookItWhileItWaitedForItsCard) {
    carry({delivery(rules::Ring::Phone)}, 1s);
    auto unit = acknowledging();
    auto claimed = courier->claim(unit);
    storage::Committed committed;
    committed.supersededDeliveries = unit.supersededDeliveries;
    courier->commitDone(unit.newDeliveries, claimed, committed);
    pass(30s);
    EXPECT_EQ(chat->calls, std::vector<std::string>{sent});
    EXPECT_EQ(unit.supersededDeliveries, std::vector<std::string>{"i1.1.chat.ring"});
}

TEST_F(CourierRing, IsNotRepeatedWhereItMayHaveRung) {
    carry({delivery()});
    chat->failures = {Error(ErrorCode::OutcomeUnknown, "no answer").withRetry(Retry::later())};
    carry({delivery(rules::Ring::Phone)}, 20s);
    EXPECT_EQ(std::count(chat->calls.begin(), chat->calls.end(), rung), 1);
    EXPECT_EQ(results.back(), "i1.1.chat.ring refused") << "and the ledger says so";
}

TEST_F(CourierRing, FoundUnderWayAfterARestartIsNotRepeated) {
    storage::RecoveredState state;
    state.cards = {{"i1", "chat", "ref-i1"}};
    state.deliveries = {delivery(rules::Ring::Phone)};
    state.deliveries[0].uncertain = true;
    courier->restore(state);
    carry({}, 5s);
    EXPECT_TRUE(chat->calls.empty());
    EXPECT_EQ(results, std::vector<std::string>{"i1.1.chat.ring refused"});
}

TEST_F(CourierRing, WaitingWhenTheAgentStoppedIsDoneAfterTheRestart) {
    storage::RecoveredState state;
    state.cards = {{"i1", "chat", "ref-i1"}};
    state.deliveries = {delivery(rules::Ring::Phone)};
    courier->restore(state);
    carry({}, 1s);
    EXPECT_EQ(chat->calls, std::vector<std::string>{rung});
}

TEST_F(CourierRing, RefusalIsNoReasonToTellAnotherChannelOfTheCard) {
    carry({delivery()});
    chat->failures = {Error(ErrorCode::PermissionDenied, "no scope")};
    carry({delivery(rules::Ring::Phone)});
    EXPECT_EQ(results.back(), "i1.1.chat.ring refused");
    EXPECT_TRUE(undelivered.empty());
}

}  // namespace
}  // namespace klaw::deliver
