// Commands and presses over a real database.
#include "agent/app/command_desk.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "agent/app/chat_desk.hpp"
#include "storage/reader.hpp"
#include "storage/writer.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

class CommandDeskTest : public testing::Test {
protected:
    void SetUp() override {
        control.objects[webPath] = deployment(2, 4);
        control.alert.id = "3f9a21c07be4d815";
        gate.setPolicy(access::Policy(
            {{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}}, {"Han", {"feishu:ou_han"}, {}, "operator", {}, {}}}));
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("chat", chat.stop());
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
    Answered press(const std::string& nonce, const std::string& who = "feishu:ou_li", const std::string& cardRef = {}) {
        std::optional<Answered> answer;
        tasks.spawn("press", pressing(nonce, who, cardRef, answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
        return answer.value_or(Answered());
    }
    Answered ask(const std::string& command) {
        std::optional<Answered> answer;
        tasks.spawn("ask", asking(command, answer));
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
    deliver::Commit commit = [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
        for (const auto& delivery : unit.newDeliveries) deliveries.push_back(delivery);
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
    CommandDesk desk{loop, clock, random, control, file, commit, flush, gate, changes};
    ChatDesk chat{loop, clock, random, desk, commit, ChatApp{"feishu", "app", "en"}};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};

private:
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
    Task<void> asking(std::string command, std::optional<Answered>& answer) {
        Asked asked;
        asked.caller.identity = "feishu:ou_li";
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

TEST_F(CommandDeskTest, TheSamePersonWhoPressesTwiceGetsTheFirstAnswerAgain) {
    auto nonce = offered("ack", "ack 3f9a");
    auto first = press(nonce), second = press(nonce);
    EXPECT_TRUE(first.ok) << first.text;
    EXPECT_EQ(second.text, first.text);
    EXPECT_TRUE(second.ok);
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(CommandDeskTest, AnotherPersonLearnsWhoWasFirst) {
    auto nonce = offered("ack", "ack 3f9a");
    press(nonce);
    EXPECT_THAT(press(nonce, "feishu:ou_han").text, HasSubstr("already used by Li at 2026-11-25T10:00:00Z"));
    EXPECT_THAT(control.acknowledged, ElementsAre("3f9a21c07be4d815 by Li"));
}

TEST_F(CommandDeskTest, AfterARestartTheFirstOneIsKnownByName) {
    auto nonce = offered("ack", "ack 3f9a");
    press(nonce);
    CommandDesk next{loop, clock, random, control, file, commit, flush, gate, changes};
    std::optional<Answered> again, other;
    auto pressing = [&](std::string who, std::optional<Answered>& answer) -> Task<void> {
        Asked asked;
        asked.caller.identity = std::move(who);
        asked.caller.name = next.policy().nameOf(asked.caller.identity);
        answer = co_await next.press(std::move(asked), nonce);
    };
    tasks.spawn("again", pressing("feishu:ou_li", again));
    tasks.spawn("other", pressing("feishu:ou_han", other));
    ASSERT_TRUE(loop.runUntil([&] { return again && other; }));
    EXPECT_EQ(again->text, "you have done this already: 2026-11-25T10:00:00Z\n");
    EXPECT_TRUE(again->ok);
    EXPECT_THAT(other->text, HasSubstr("already used by Li"));
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(CommandDeskTest, AButtonThatChangesAClusterEndsAfterHalfAnHour) {
    auto nonce = offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes");
    clock.advance(30min);
    EXPECT_THAT(press(nonce).text, HasSubstr("expired"));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(CommandDeskTest, APressThatIsRefusedLeavesTheButtonToOthers) {
    auto nonce = offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes");
    EXPECT_THAT(press(nonce, "feishu:ou_stranger").text, HasSubstr("has no role"));
    EXPECT_TRUE(press(nonce).ok);
}

TEST_F(CommandDeskTest, AButtonWorksOnItsOwnCardOnly) {
    shown("card-1", "om_1");
    auto nonce = offered("ack", "ack 3f9a");
    EXPECT_THAT(press(nonce, "feishu:ou_li", "om_2").text, HasSubstr("belongs to another card"));
    EXPECT_TRUE(control.acknowledged.empty());
    EXPECT_TRUE(press(nonce, "feishu:ou_li", "om_1").ok);
}

TEST_F(CommandDeskTest, AcknowledgementsEndWithTheIncident) {
    auto nonce = offered("ack", "ack 3f9a");
    control.alert.id.clear();
    EXPECT_THAT(press(nonce).text, HasSubstr("no open alert"));
}

TEST_F(CommandDeskTest, AnOptionThatIsNotThereIsAnErrorWithTheNearestOne) {
    EXPECT_THAT(ask("pods --namspace shop").text,
                HasSubstr("pods has no option --namspace (did you mean --namespace?)"));
    EXPECT_THAT(ask("scale deploy/web 3 -n shop --yes=no").text, HasSubstr("--yes takes no value"));
    EXPECT_THAT(ask("scale deploy/web 3 -n shop --alert 3f9a").text, HasSubstr("scale has no option --alert"));
    EXPECT_THAT(ask("scale --help").text, HasSubstr("scale KIND/NAME REPLICAS"));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(CommandDeskTest, SecretsOfACommandDoNotEnterTheAuditLog) {
    ask("ack 3f9a --comment password=hunter2");
    auto rows = reader().audit();
    ASSERT_TRUE(rows);
    ASSERT_FALSE(rows->empty());
    EXPECT_THAT(rows->front().entry.detail, Not(HasSubstr("hunter2")));
}

TEST_F(CommandDeskTest, AMessageThatComesFiveTimesIsDoneOnceAndKnownAfterARestart) {
    for (int i = 0; i < 5; ++i) chat.message(message("om_m", "ack 3f9a"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_THAT(control.acknowledged, SizeIs(1));
    EXPECT_EQ(chat.counts().repeats, 4u);
    ChatDesk next{loop, clock, random, desk, commit, ChatApp{"feishu", "app", "en"}};
    next.message(message("om_m", "ack 3f9a"));
    loop.poll();
    EXPECT_EQ(next.counts().repeats, 1u);
    EXPECT_THAT(control.acknowledged, SizeIs(1));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", next.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(CommandDeskTest, AMessageIsKnownOnlyWithWhatItDid) {
    std::vector<std::vector<storage::InboundKey>> keysWithAudit;
    auto watching = [&](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
        if (!unit.audit.empty()) keysWithAudit.push_back(unit.inbound);
        return flush(std::move(unit));
    };
    CommandDesk watched{loop, clock, random, control, file, commit, watching, gate, changes};
    ChatDesk desk2{loop, clock, random, watched, commit, ChatApp{"feishu", "app", "en"}};
    desk2.message(message("om_n", "ack 3f9a"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    ASSERT_THAT(keysWithAudit, SizeIs(1));
    EXPECT_THAT(keysWithAudit[0], SizeIs(2));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", desk2.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(CommandDeskTest, AResultThatComesLateIsShownOnTheCard) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return deployment(3, 5).dump();
    };
    auto answer = pressInChat(offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes"), "confirm");
    EXPECT_EQ(answer.toast, "Working on it: the card will tell");
    EXPECT_TRUE(deliveries.empty());
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "card-1");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("Done: scale Deployment shop/web from 2 to 3 replicas"));
}

TEST_F(CommandDeskTest, AFailureThatComesLateIsShownOnTheCardToo) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return fail(ErrorCode::Conflict, "409 it was changed");
    };
    pressInChat(offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes"), "confirm");
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "card-1");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("failed: 409 it was changed"));
}

TEST_F(CommandDeskTest, ARefusalThatComesLateIsAMessage) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return fail(ErrorCode::PermissionDenied, "403 quota");
    };
    pressInChat(offered("scale", "scale deploy/web 3 -n shop"), "scale");
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("403 quota"));
}

}  // namespace
}  // namespace klaw::app
