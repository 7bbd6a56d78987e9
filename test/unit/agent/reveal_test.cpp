// The value of a Secret for one person's eyes.
#include "agent/app/reveal_desk.hpp"
#include "base/digest.hpp"
#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto secretPath = "/api/v1/namespaces/shop/secrets/db";
constexpr auto value = "hunter2-and-more";

/// What people see of private messages.
struct Conversation {
    struct Message {
        std::string person, text, key;
        TimePoint at{};
        bool recalled = false;
    };
    explicit Conversation(LoopClock& of) : clock(of) {}
    LoopClock& clock;
    std::vector<Message> messages;
    std::optional<Error> refuses;  ///< to send
    std::size_t lostAnswers = 0;   ///< of messages that are there
    Duration slowness{};           ///< of sending
    std::size_t failingRecalls = 0;
    bool dropsRepeats = true;

    class Notes final : public notifiers::PrivateNotes {
    public:
        explicit Notes(Conversation& with) : with_(with) {}
        Task<Result<std::string>> send(std::string person, std::string text, std::string key) override {
            if (with_.refuses) co_return fail(*with_.refuses);
            auto now = with_.clock.now();
            for (std::size_t i = 0; i < with_.messages.size() && with_.dropsRepeats; ++i)
                if (with_.messages[i].key == key && now - with_.messages[i].at < 1h) co_return std::to_string(i);
            with_.messages.push_back({std::move(person), std::move(text), std::move(key), now});
            if (with_.lostAnswers > 0 && with_.lostAnswers-- > 0)
                co_return fail(ErrorCode::OutcomeUnknown, "no answer came");
            if (with_.slowness > Duration::zero()) co_await with_.clock.sleepFor(with_.slowness);
            co_return std::to_string(with_.messages.size() - 1);
        }
        Task<Result<void>> recall(std::string ref) override {
            if (with_.failingRecalls > 0 && with_.failingRecalls-- > 0)
                co_return fail(ErrorCode::Unavailable, "no answer");
            with_.messages.at(std::stoul(ref)).recalled = true;
            co_return Result<void>();
        }
        bool dropsRepeats() const override { return with_.dropsRepeats; }

    private:
        Conversation& with_;
    };
};

class RevealTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        access::RevealRule rule;
        rule.namespaces = {"shop"};
        rule.keys = {"PASSWORD", "KEY"};
        control.revealable = {rule};
        control.objects[secretPath] =
            object("Secret", "shop", "db", {{"data", {{"PASSWORD", base64Encode(value)}, {"HOST", "ZGI="}}}});
        control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
            co_return change.dryRun() ? std::string() : control.objects[secretPath].dump();
        };
        desk.setReveals([this](Revealed revealed, std::string text) {
            return reveals->show(std::move(revealed), std::move(text));
        });
        open();
    }
    void TearDown() override {
        close();
        VerbTest::TearDown();
    }
    void open() {
        reveals = std::make_unique<RevealDesk>(loop, clock, flush, [this](const std::string&) {
            return std::make_unique<Conversation::Notes>(conversation);
        });
    }
    void close() {
        TaskGroup last(loop, [](const std::string&, const std::string&) {});
        last.spawn("end", reveals->stop());
        while (!last.empty()) loop.poll();
    }
    /// As the desk of approvals carries it out.
    Answered approved(const std::string& command = "reveal secret db PASSWORD -n shop --expect u-db@r7 --yes") {
        std::optional<Answered> said;
        tasks.spawn("approved", carryingOut(command, said));
        loop.poll();
        EXPECT_TRUE(said) << command;
        if (said) answers.push_back(*said);
        return said.value_or(Answered());
    }
    std::vector<std::string> decisions() const {
        std::vector<std::string> all;
        for (const auto& entry : audit) all.push_back(entry.actor + " " + entry.decision);
        return all;
    }

    Conversation conversation{clock};
    std::unique_ptr<RevealDesk> reveals;

    Task<void> approvedUnheard() {
        std::optional<Answered> said;
        co_await carryingOut("reveal secret db PASSWORD -n shop --expect u-db@r7 --yes", said);
    }

private:
    Task<void> carryingOut(std::string command, std::optional<Answered>& said) {
        auto line = operate::parseCommandLine(command);
        Asked asked;
        asked.command = command;
        asked.caller.identity = "feishu:ou_li";
        asked.card = "card-1";
        asked.replyTo = R"({"channel":"klaw-feishu"})";
        asked.approved = Approved{"a1", "feishu:ou_han", "Han", "prod"};
        said = co_await desk.handle(*operate::findVerb("reveal"), *line, std::move(asked));
    }
};

TEST_F(RevealTest, AlwaysNeedsTheApprovalOfAnotherPerson) {
    auto preview = ask("reveal secret db PASSWORD -n shop");
    EXPECT_THAT(preview.text,
                HasSubstr("This would show PASSWORD of Secret shop/db to feishu:ou_li in private, for 2m"));
    EXPECT_THAT(preview.text, HasSubstr("it must be approved by another person who may do it"));
    EXPECT_EQ(preview.confirm, "reveal secret db PASSWORD -n shop --expect u-db@r7 --yes");
    access::Approval asked;
    desk.setApprovals([&](access::Approval wanted, access::ApprovalRule, Asked) -> Task<Answered> {
        asked = std::move(wanted);
        co_return Answered::saying("waits");
    });
    EXPECT_EQ(ask(preview.confirm).text, "waits");
    EXPECT_THAT(asked.command, HasSubstr("reveal secret db PASSWORD -n shop"));
    EXPECT_THAT(conversation.messages, IsEmpty());
    for (const auto& change : control.changes) EXPECT_TRUE(change.dryRun());
}

TEST_F(RevealTest, ThePersonGetsTheValueInPrivateAndNobodyElseAnywhere) {
    auto said = approved();
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_THAT(said.text, HasSubstr("Done: show PASSWORD of Secret shop/db"));
    ASSERT_EQ(conversation.messages.size(), 1u);
    EXPECT_EQ(conversation.messages[0].person, "ou_li");
    EXPECT_EQ(conversation.messages[0].text,
              std::string("PASSWORD of Secret shop/db (cluster prod), shown for 2m:\n") + value);
    EXPECT_THAT(everything(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(everything(), Not(HasSubstr(base64Encode(value))));
}

TEST_F(RevealTest, ItIsTakenBackInTime) {
    approved();
    clock.advance(119s);
    EXPECT_FALSE(conversation.messages[0].recalled);
    clock.advance(1s);
    EXPECT_TRUE(conversation.messages[0].recalled);
    EXPECT_THAT(decisions(), ElementsAre("feishu:ou_li allowed", "feishu:ou_li done", "klaw recalled"));
    EXPECT_THAT(meta, IsEmpty());
}

TEST_F(RevealTest, TakingItBackIsTriedAgain) {
    conversation.failingRecalls = 3;
    approved();
    clock.advance(2min);
    EXPECT_FALSE(conversation.messages[0].recalled);
    clock.advance(1min);
    EXPECT_TRUE(conversation.messages[0].recalled);
}

TEST_F(RevealTest, ItIsTakenBackAlsoAfterAKill) {
    approved();
    auto kept = meta;
    close();
    open();
    reveals->resume(kept);
    clock.advance(2min);
    EXPECT_TRUE(conversation.messages[0].recalled);
    EXPECT_EQ(decisions().back(), "klaw recalled");
}

TEST_F(RevealTest, AMessageThatWasPerhapsSentIsFoundByItsKeyAndTakenBack) {
    approved();
    auto kept = meta;
    auto json = nlohmann::json::parse(kept.begin()->second);
    json["ref"] = "";  // killed before the platform's answer was stored
    kept.begin()->second = json.dump();
    close();
    open();
    reveals->resume(kept);
    loop.poll();
    ASSERT_EQ(conversation.messages.size(), 1u);
    EXPECT_TRUE(conversation.messages[0].recalled);
}

TEST_F(RevealTest, AMessageWhoseAnswerWasLostIsTakenBackAtOnce) {
    conversation.lostAnswers = 1;
    EXPECT_FALSE(approved().ok);
    ASSERT_EQ(conversation.messages.size(), 1u);
    EXPECT_TRUE(conversation.messages[0].recalled);
}

TEST_F(RevealTest, WhatThePlatformNoLongerKnowsIsNotSentAgain) {
    approved();
    auto kept = meta;
    auto json = nlohmann::json::parse(kept.begin()->second);
    json["ref"] = "";
    kept.begin()->second = json.dump();
    close();
    audit.clear();
    clock.advance(56min);
    open();
    reveals->resume(kept);
    clock.advance(2min);
    EXPECT_EQ(conversation.messages.size(), 1u);
    EXPECT_THAT(decisions(), ElementsAre("klaw unknown"));
}

TEST_F(RevealTest, ANormalStopWaitsForTheAnswerThatSaysWhichMessageItIs) {
    conversation.dropsRepeats = false;
    conversation.slowness = 3s;
    tasks.spawn("approved", approvedUnheard());
    loop.poll();
    ASSERT_EQ(conversation.messages.size(), 1u);
    end(desk);  // whoever waits for it is cancelled
    TaskGroup last(loop, [](const std::string&, const std::string&) {});
    last.spawn("end", reveals->stop());
    loop.poll();
    EXPECT_FALSE(last.empty());
    clock.advance(3s);
    EXPECT_TRUE(last.empty());
    auto kept = meta;
    open();
    reveals->resume(kept);
    clock.advance(2min);
    EXPECT_TRUE(conversation.messages[0].recalled);
}

TEST_F(RevealTest, WhereThePlatformKnowsNoKeysTheLogSaysThatItMayBeThere) {
    conversation.dropsRepeats = false;
    conversation.refuses = Error(ErrorCode::OutcomeUnknown, "no answer came");
    auto said = approved();
    EXPECT_FALSE(said.ok);
    clock.advance(2min);
    EXPECT_THAT(decisions(),
                testing::UnorderedElementsAre("feishu:ou_li allowed", "feishu:ou_li unknown", "klaw unknown"));
}

TEST_F(RevealTest, WhenThePrivateMessageCannotBeSentTheValueIsNotSaid) {
    conversation.refuses = Error(ErrorCode::PermissionDenied, "refused");
    auto said = approved();
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("not shown, as the private message could not be sent"));
    EXPECT_THAT(everything(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(meta, IsEmpty());
}

TEST_F(RevealTest, WhatPlatformsTakeForSignsOfTheirOwnIsEncoded) {
    for (const char* text : {"a<b", "**bold**", "[a](b)"}) {
        control.objects[secretPath]["data"]["KEY"] = base64Encode(text);
        approved("reveal secret db KEY -n shop --expect u-db@r7 --yes");
        EXPECT_THAT(conversation.messages.back().text, HasSubstr("in base64:\n" + base64Encode(text))) << text;
    }
}

TEST_F(RevealTest, WhatWasChangedMeanwhileIsNotShown) {
    auto changed = control.objects[secretPath];
    control.onChange = [&changed](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return changed.dump();
    };
    changed["metadata"]["resourceVersion"] = "8";
    EXPECT_THAT(approved().text, HasSubstr("was changed meanwhile"));
    changed["metadata"]["resourceVersion"] = "7";
    changed["data"].erase("PASSWORD");
    EXPECT_THAT(approved().text, HasSubstr("was changed meanwhile"));
    EXPECT_THAT(conversation.messages, IsEmpty());
}

TEST_F(RevealTest, WhatNoMessageCanShowIsEncoded) {
    control.objects[secretPath]["data"]["KEY"] = base64Encode(std::string("\x00\x01\xff", 3));
    approved("reveal secret db KEY -n shop --expect u-db@r7 --yes");
    ASSERT_EQ(conversation.messages.size(), 1u);
    EXPECT_THAT(conversation.messages[0].text, HasSubstr("in base64:\nAAH/"));
    control.objects[secretPath]["data"]["KEY"] = base64Encode(std::string(8'001, 'x'));
    EXPECT_THAT(approved("reveal secret db KEY -n shop --expect u-db@r7 --yes").text,
                HasSubstr("more than a message takes"));
}

TEST_F(RevealTest, OnlyWhatTheConfigurationAllowsIsShown) {
    EXPECT_THAT(ask("reveal secret db HOST -n shop").text, HasSubstr("is never shown"));
    EXPECT_THAT(ask("reveal secret db OTHER -n shop").text, HasSubstr("has no key \"OTHER\""));
    EXPECT_THAT(ask("reveal secret db -n shop").text, HasSubstr("needs the key"));
    EXPECT_THAT(ask("reveal secret db PASSWORD -n shop", "local:root").text,
                HasSubstr("only shown in a private message"));
    EXPECT_THAT(ask("reveal secret db PASSWORD -n shop", "feishu:ou_bo").text,
                HasSubstr("no role that allows \"reveal\""));
    control.revealable.clear();
    EXPECT_THAT(ask("reveal secret db PASSWORD -n shop").text, HasSubstr("values of Secrets are never shown"));
    EXPECT_THAT(control.changes, IsEmpty());
}

}  // namespace
}  // namespace klaw::app
