#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "agent/deliver/courier.hpp"
#include "notifiers/account.hpp"
#include "storage/apply_unit.hpp"
#include "storage/statement.hpp"
#include "storage/transaction.hpp"

namespace klaw::deliver::testing {

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

/// What one call of the scripted channel saw.
struct Call {
    std::string key;
    std::string card;
    std::size_t affected = 0;  ///< that it lists
    bool mayRepeat = false;
    bool update = false;
    std::vector<std::string> mentions{};
    std::vector<std::string> lines{};  ///< of a digest
    std::size_t buttons = 0;
    std::string reference{};  ///< what it changes
};

/// A channel that answers by script, and remembers.
class ScriptedNotifier final : public notifiers::Notifier {
public:
    explicit ScriptedNotifier(Loop& loop, notifiers::NotifierLimits limits = {}, std::string name = "chat")
        : limits_(std::move(limits)), released_(loop), name_(std::move(name)) {}
    std::string_view name() const override { return name_; }
    std::string_view kind() const override { return "scripted"; }
    notifiers::NotifierLimits limits() const override { return limits_; }
    Task<Result<notifiers::Receipt>> send(notifiers::Card card, notifiers::SendContext context) override {
        note(card, context, {});
        auto free = [this] { return !held; };
        co_await released_.until(free);
        co_return answer(card, "ref-" + (numbersMessages ? std::to_string(screen.size() + 1) : card.id));
    }
    Task<Result<notifiers::Receipt>> update(std::string reference, notifiers::Card card,
                                            notifiers::SendContext context) override {
        note(card, context, reference);
        auto free = [this] { return !held; };
        co_await released_.until(free);
        co_return answer(card, std::move(reference));
    }
    void release() {
        held = false;
        released_.notify();
    }

    std::vector<Call> calls;
    std::deque<Error> failures;
    std::function<std::optional<Error>()> outage;  ///< while set, asked at each call
    std::function<void()> onCall;
    bool held = false;                          ///< calls get no answer until release()
    bool numbersMessages = false;               ///< each is another one, also of the same card
    std::map<std::string, std::string> screen;  ///< the state that each message shows

private:
    void note(const notifiers::Card& card, const notifiers::SendContext& context, const std::string& reference) {
        Call call{context.idempotencyKey, card.title, card.affected.size(), context.mayRepeat, !reference.empty()};
        call.buttons = card.buttons.size();
        call.reference = reference;
        for (const auto& mention : context.mentions) call.mentions.push_back(mention.id);
        for (const auto& line : card.affected) call.lines.push_back(line.name);
        calls.push_back(std::move(call));
        if (limits_.account) limits_.account->count();
        if (onCall) onCall();
    }
    Result<notifiers::Receipt> answer(const notifiers::Card& card, std::string reference) {
        if (auto error = outage ? outage() : std::nullopt) return fail(*error);
        if (failures.empty()) {
            screen[reference] = toString(card.status);
            return notifiers::Receipt(std::move(reference), "");
        }
        auto failure = failures.front();
        failures.pop_front();
        return fail(failure);
    }
    notifiers::NotifierLimits limits_;
    LoopCondition released_;
    std::string name_;
};

inline storage::Delivery delivery(const std::string& incident, std::uint64_t revision, const std::string& title,
                                  const std::string& reason = "opened") {
    notifiers::Card card;
    card.id = incident;
    card.title = title;
    storage::Delivery made;
    made.id = incident + "." + std::to_string(revision);
    made.channel = "chat";
    made.incidentId = incident;
    made.reason = reason;
    made.idempotencyKey = storage::deliveryKey(incident, revision, "chat");
    made.payload = toJson(card);
    made.createdAt = made.notBefore = start;
    return made;
}

/// The same with that many things that are wrong.
inline storage::Delivery sized(storage::Delivery delivery, std::size_t affected) {
    auto card = *notifiers::cardFromJson(delivery.payload);
    card.affected.resize(std::min<std::size_t>(affected, 1));
    card.more = affected - card.affected.size();
    delivery.payload = toJson(card);
    return delivery;
}

inline storage::Delivery critical(storage::Delivery delivery) {
    auto card = *notifiers::cardFromJson(delivery.payload);
    card.severity = rules::Severity::Critical;
    delivery.payload = toJson(card);
    return delivery;
}

inline Error unavailable() {
    return Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::later());
}

inline Error timedOut() {
    return Error(ErrorCode::OutcomeUnknown, "no answer within 10 s").withRetry(Retry::later());
}

inline notifiers::NotifierLimits updatable() {
    notifiers::NotifierLimits limits;
    limits.canUpdate = true;
    return limits;
}

class CourierTest : public ::testing::Test {
protected:
    void use(notifiers::NotifierLimits limits = {}) {
        auto made = std::make_unique<ScriptedNotifier>(loop, std::move(limits));
        chat = made.get();
        make(std::move(made));
        courier->start();
        loop.poll();
    }
    void make(std::unique_ptr<ScriptedNotifier> notifier) {
        auto commit = [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
            auto result = database ? stored(unit) : storage::Committed();
            units.push_back(std::move(unit));
            if (done) loop.post([done, result] { done(result); });
        };
        CourierEvents events;
        events.failed = [this](const std::string&, const Error& error, bool forGood) {
            failures.push_back((forGood ? "for good: " : "later: ") + error.message);
        };
        events.delivered = [this](const std::string&, const std::string&, const CardLatency& latency) {
            latencies.push_back(latency);
        };
        events.undelivered = [this](const std::string& channel, const std::string& incident) {
            undelivered.push_back(channel + "/" + incident);
        };
        courier = std::make_unique<Courier>(loop, clock, random, commit, CourierOptions(), events);
        follow(std::move(notifier));
    }
    /// With the real tables behind it, from now on.
    void store() {
        auto opened = storage::Database::open(":memory:");
        ASSERT_TRUE(opened);
        database.emplace(std::move(*opened));
    }
    Result<storage::Committed> stored(const storage::UnitOfWork& unit) {
        auto transaction = storage::Transaction::begin(*database);
        EXPECT_TRUE(transaction);
        storage::Committed committed;
        if (auto applied = storage::applyUnit(*database, unit, committed); !applied)
            return fail(std::move(applied).error());
        EXPECT_TRUE(transaction->commit());
        return committed;
    }
    /// As the agent does: stored and, where it may, started in one unit.
    void put(std::vector<storage::Delivery> deliveries) {
        storage::UnitOfWork unit;
        unit.newDeliveries = std::move(deliveries);
        auto claimed = courier->claim(unit);
        auto result = stored(unit);
        ASSERT_TRUE(result) << result.error().describe();
        loop.post([this, deliveries = unit.newDeliveries, claimed, committed = *result] {
            courier->commitDone(deliveries, claimed, committed);
        });
        loop.poll();
    }
    /// The process dies without a word, and another takes up what it left.
    void restart() {
        auto anew = std::make_unique<ScriptedNotifier>(loop, chat->limits());
        endCourier();
        chat = anew.get();
        make(std::move(anew));
        storage::RecoveryHorizon horizon;
        auto state = storage::loadState(*database, horizon);
        ASSERT_TRUE(state);
        courier->restore(*state);
        courier->start();
        loop.poll();
    }
    std::map<std::string, std::string> states() {
        std::map<std::string, std::string> all;
        auto read = database->query("SELECT id, state FROM deliveries",
                                    [&](const storage::Statement& row) { all[row.text(0)] = row.text(1); });
        EXPECT_TRUE(read);
        return all;
    }
    /// "1 create", "2 update": what each call showed, and how.
    std::vector<std::string> said() const {
        std::vector<std::string> all;
        for (const auto& call : chat->calls) all.push_back(call.card + (call.update ? " update" : " create"));
        return all;
    }
    void follow(std::unique_ptr<ScriptedNotifier> notifier) {
        std::vector<std::unique_ptr<notifiers::Notifier>> channels;
        if (notifier) channels.push_back(std::move(notifier));
        courier->follow(std::move(channels));
    }
    void TearDown() override { endCourier(); }
    void endCourier() {
        if (!courier) return;
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("end", courier->stop({}));
        for (int i = 0; i < 100 && !end.empty(); ++i) clock.advance(10ms);
        courier.reset();
    }
    void enqueue(std::vector<storage::Delivery> deliveries) {
        courier->commitDone(std::move(deliveries), {}, {});
        loop.poll();
    }
    std::vector<storage::DeliveryResult> results() const {
        std::vector<storage::DeliveryResult> all;
        for (const auto& unit : units) all.insert(all.end(), unit.deliveryResults.begin(), unit.deliveryResults.end());
        return all;
    }
    std::vector<storage::DeliveryStart> starts() const {
        std::vector<storage::DeliveryStart> all;
        for (const auto& unit : units) all.insert(all.end(), unit.deliveryStarts.begin(), unit.deliveryStarts.end());
        return all;
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    SeededRandom random{7};
    std::optional<storage::Database> database;
    std::vector<storage::UnitOfWork> units;
    std::vector<std::string> failures;
    std::vector<std::string> undelivered;
    std::vector<CardLatency> latencies;
    ScriptedNotifier* chat = nullptr;
    std::unique_ptr<Courier> courier;
};

}  // namespace klaw::deliver::testing
