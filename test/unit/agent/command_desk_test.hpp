#pragma once

#include "agent/app/command_desk.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "agent/app/chat_desk.hpp"
#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "storage/writer.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {

namespace fs = std::filesystem;

inline const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

/// Commands and presses over a real database.
class CommandDeskTest : public testing::Test {
protected:
    void SetUp() override {
        control.objects[webPath] = deployment(2, 4);
        control.alert.id = "3f9a21c07be4d815";
        control.waiting = &approvals.book();
        desk.setApprovals(approvals);
        gate.setPolicy(access::Policy(
            {{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}}, {"Han", {"feishu:ou_han"}, {}, "operator", {}, {}}}));
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("chat", chat.stop());
        end.spawn("approvals", approvals.stop());
        end.spawn("changes", changes.stop());
        EXPECT_TRUE(loop.runUntil([&] { return end.empty(); }));
        writer.stop();
        fs::remove_all(directory);
    }

    std::string offered(const std::string& verb, const std::string& command, const std::string& card = "card-1") {
        auto nonce = "nonce-" + std::to_string(++offers);
        storage::Offer offer;
        offer.nonceHash = storage::offerHash(nonce);
        offer.verb = verb;
        offer.arguments = command;
        offer.target = nlohmann::json{{"incident", card}, {"channel", "app"}}.dump();
        offer.createdAt = clock.now();
        offer.expiresAt = clock.now() + 30min;
        storage::UnitOfWork unit;
        unit.offers.push_back(std::move(offer));
        stored(std::move(unit));
        return nonce;
    }
    void shown(const std::string& card, const std::string& ref) {
        storage::UnitOfWork unit;
        storage::Delivery delivery;
        delivery.id = card + ".1";
        delivery.channel = "app";
        delivery.incidentId = card;
        delivery.idempotencyKey = card;
        unit.newDeliveries.push_back(delivery);
        unit.deliveryStarts.push_back({delivery.id, {}, clock.now()});
        stored(std::move(unit));
        storage::UnitOfWork sent;
        sent.deliveryResults.push_back(
            {delivery.id, storage::AttemptOutcome::Delivered, {}, "", "", ref, clock.now(), {}});
        stored(std::move(sent));
    }
    void stored(storage::UnitOfWork unit) {
        std::optional<Result<storage::Committed>> result;
        tasks.spawn("store", storing(std::move(unit), result));
        ASSERT_TRUE(loop.runUntil([&] { return result.has_value(); }));
        ASSERT_TRUE(*result) << result->error().describe();
    }
    /// Until everything before is durable.
    void awaitStorage() {
        storage::UnitOfWork last;
        last.meta.push_back({"test", "last"});
        stored(std::move(last));
    }
    Answered press(const std::string& nonce, const std::string& who = "feishu:ou_li", const std::string& cardRef = {}) {
        std::optional<Answered> answer;
        tasks.spawn("press", pressing(nonce, who, cardRef, answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
        return answer.value_or(Answered());
    }
    Answered ask(const std::string& command, const std::string& who = "feishu:ou_li") {
        std::optional<Answered> answer;
        tasks.spawn("ask", asking(command, who, answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
        return answer.value_or(Answered());
    }
    notifiers::InboundMessage message(const std::string& id, const std::string& text) {
        notifiers::InboundMessage written;
        written.eventId = "event-" + id;
        written.messageId = id;
        written.from.id = "ou_li";
        written.chat = "oc_ops";
        written.text = text;
        return written;
    }
    notifiers::PressAnswer pressInChat(const std::string& nonce, const std::string& verb) {
        std::optional<notifiers::PressAnswer> answer;
        tasks.spawn("press", pressingInChat(nonce, verb, answer));
        loop.poll();
        for (int i = 0; !answer && i < 100; ++i)
            if (!loop.runUntil([&] { return answer.has_value(); }, 20ms)) clock.advance(100ms);
        return answer.value_or(notifiers::PressAnswer());
    }
    void awaitDelivery() {
        for (int i = 0; deliveries.empty() && i < 100; ++i)
            if (!loop.runUntil([&] { return !deliveries.empty(); }, 50ms)) clock.advance(1s);
        ASSERT_FALSE(deliveries.empty());
    }
    /// The unit whose last audit entry has the decision; an empty one where there is none.
    storage::UnitOfWork unitOf(const std::string& decision) const {
        for (const auto& unit : units)
            if (!unit.audit.empty() && unit.audit.back().decision == decision) return unit;
        return {};
    }
    storage::Reader reader() { return std::move(*storage::Reader::open(file)); }

    fs::path directory = [] {
        auto pattern = (fs::temp_directory_path() / "klaw-desk-XXXXXX").string();
        return fs::path(mkdtemp(pattern.data()));
    }();
    std::string file = (directory / "klaw.db").string();
    int offers = 0;
    Loop loop;
    FakeLoopClock clock{loop, start};
    SeededRandom random{7};
    FakeControl control{clock};
    storage::Writer writer{std::move(*storage::Database::open(file))};
    std::vector<storage::Delivery> deliveries;
    std::vector<storage::UnitOfWork> units;
    deliver::Commit commit = [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
        for (const auto& delivery : unit.newDeliveries) deliveries.push_back(delivery);
        units.push_back(unit);
        writer.submit(std::move(unit), [this, done](Result<storage::Committed> result) {
            if (done) loop.post([done, result = std::move(result)] { done(result); });
        });
    };
    ChangeDesk::Flush flush = [this](storage::UnitOfWork unit) {
        return deliver::committed(commit, loop, std::move(unit));
    };
    access::Gate gate{flush, [this] { return clock.now(); }};
    ChangeDesk changes{loop,
                       clock,
                       random,
                       control,
                       gate,
                       flush,
                       [](const std::string&, const rules::Action&) {},
                       [this](const std::string& to, const Answered& said) { chat.tell(to, said); }};
    ApprovalDesk approvals{loop,
                           clock,
                           random,
                           control,
                           gate,
                           flush,
                           [this](const std::string& to, const Answered& said) { chat.tell(to, said); },
                           changes};
    CommandDesk desk{loop, clock, random, control, file, commit, flush, gate, changes};
    ChatDesk chat{loop, clock, random, desk, commit, ChatApp{"feishu", "app", "en"}};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};

protected:
    Task<void> storing(storage::UnitOfWork unit, std::optional<Result<storage::Committed>>& result) {
        result = co_await flush(std::move(unit));
    }
    Task<void> pressing(std::string nonce, std::string who, std::string cardRef, std::optional<Answered>& answer) {
        Asked asked;
        asked.caller.identity = std::move(who);
        asked.caller.name = desk.policy().nameOf(asked.caller.identity);
        asked.cardRef = std::move(cardRef);
        answer = co_await desk.press(std::move(asked), nonce);
    }
    Task<void> asking(std::string command, std::string who, std::optional<Answered>& answer) {
        Asked asked;
        asked.caller.identity = std::move(who);
        asked.caller.name = desk.policy().nameOf(asked.caller.identity);
        asked.command = std::move(command);
        answer = co_await desk.execute(std::move(asked));
    }
    Task<void> pressingInChat(std::string nonce, std::string verb, std::optional<notifiers::PressAnswer>& answer) {
        notifiers::InboundPress press;
        press.eventId = "press-1";
        press.by.id = "ou_li";
        press.chat = "oc_ops";
        press.nonce = std::move(nonce);
        press.verb = std::move(verb);
        answer = co_await chat.press(std::move(press));
    }
};

}  // namespace klaw::app
