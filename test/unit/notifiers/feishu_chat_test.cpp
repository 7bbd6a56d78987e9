#include "notifiers/feishu/chat.hpp"

#include "test/unit/notifiers/scripted_api.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string refused(int code, const std::string& message = "no") {
    return Json{{"code", code}, {"msg", message}}.dump();
}

class FeishuChat : public NotifierTest {
protected:
    FeishuChat() { open(); }
    void open(std::shared_ptr<ChatPace> pace = {}) {
        feishu::AppOptions options;
        options.id = "cli_1";
        options.secret = "s3cret-of-the-app";
        options.url = api.url;
        options.pace = std::move(pace);
        app = std::make_shared<feishu::App>(loop, client, clock, random, options);
        feishu::ChatOptions where;
        where.name = "ops";
        where.chat = "oc_team";
        chat = std::make_unique<feishu::Chat>(app, where);
    }
    ~FeishuChat() override {
        tasks.spawn("stop", api.stop());
        loop.runUntil([&] { return tasks.empty(); });
    }

    Result<Receipt> send(Card card, SendContext context = SendContext("k")) {
        return run(chat->send(std::move(card), std::move(context)));
    }
    Result<Receipt> update(Card card, const std::string& ref = "om_1") {
        return run(chat->update(ref, std::move(card), SendContext("k")));
    }
    Task<void> sending(Card card, std::optional<Result<Receipt>>& sent) {
        sent = co_await chat->send(std::move(card), SendContext("k"));
    }
    std::string content(std::size_t request) { return api.requests.at(request).body["content"].get<std::string>(); }

    ScriptedApi api{loop, R"({"code":0,"data":{"message_id":"om_new"}})",
                    R"({"code":0,"tenant_access_token":"t-1","expire":7200})"};
    std::shared_ptr<feishu::App> app;
    std::unique_ptr<feishu::Chat> chat;
};

TEST_F(FeishuChat, GivesACardUpStepByStep) {
    for (int i = 0; i < 4; ++i) api.answer(400, refused(230099, "ErrCode: 11310"));
    auto card = sampleCard(CardStatus::Firing, "en");
    card.chart.emplace();
    card.chart->values = {1, 2, 3};
    card.chart->blocks = "▁▄█";
    card.buttons.front().inputs.push_back({"time", "for", {"1h"}});
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without a drawing, sent without forms, sent without details, sent as text");
    EXPECT_EQ(receipt->platformRef, "text:om_new");
    EXPECT_THAT(content(0), HasSubstr("\"chart\""));
    EXPECT_THAT(content(1), Not(HasSubstr("\"chart\"")));
    EXPECT_THAT(content(1), HasSubstr("▁▄█"));
    EXPECT_THAT(content(1), HasSubstr("\"form\""));
    EXPECT_THAT(content(2), Not(HasSubstr("\"form\"")));
    EXPECT_THAT(content(2), HasSubstr("Last log lines"));
    EXPECT_THAT(content(3), Not(HasSubstr("Last log lines")));
    EXPECT_EQ(api.requests.at(4).body["msg_type"], "text");
}

TEST_F(FeishuChat, TurnsACardGreenEvenWhenThePlatformTakesOnlyAPlainOne) {
    for (int i = 0; i < 2; ++i) api.answer(400, refused(230099));
    auto receipt = update(sampleCard(CardStatus::Resolved, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->platformRef, "om_1");
    EXPECT_EQ(api.requests.back().method, "PATCH");
    EXPECT_THAT(content(api.requests.size() - 1), HasSubstr("green"));
}

TEST_F(FeishuChat, SendsAnewWhatIsRefusedInPlaceInEveryForm) {
    for (int i = 0; i < 3; ++i) api.answer(400, refused(230099));
    auto receipt = update(sampleCard(CardStatus::Resolved, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(api.requests.back().method, "POST");
    EXPECT_EQ(api.requests.back().body["receive_id"], "oc_team");
    EXPECT_EQ(receipt->platformRef, "om_new");
}

TEST_F(FeishuChat, SendsNoOtherMessageToSayThatOneIsContinued) {
    api.answer(400, refused(230011, "the message was withdrawn"));
    auto receipt = update(sampleCard(CardStatus::Continued, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->platformRef + ": " + receipt->detail, "om_1: left as it was");
    EXPECT_EQ(api.requests.size(), 1u);
}

TEST_F(FeishuChat, DropsOnlyTheMentionThatThePlatformNames) {
    api.answer(400, refused(11246, "invalid user resource: ou_gone"));
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "ou_gone", "Li"), Mention(Mention::Kind::UserId, "ou_here")};
    auto receipt = send(smallCard(), context);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without mentioning Li");
    EXPECT_THAT(content(1), HasSubstr("ou_here"));
    EXPECT_THAT(content(1), Not(HasSubstr("ou_gone")));
}

TEST_F(FeishuChat, AnswersInTheChatWhenTheMessageThatAskedIsGone) {
    api.answer(400, refused(231003, "message not found"));
    auto card = smallCard();
    card.status = CardStatus::Reply;
    card.reply.emplace();
    card.reply->chat = "oc_asked";
    card.reply->message = "om_asked";
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_THAT(api.requests.at(0).path, HasSubstr("/om_asked/reply"));
    EXPECT_EQ(api.requests.at(1).path, "/open-apis/im/v1/messages");
    EXPECT_EQ(api.requests.at(1).body["receive_id"], "oc_asked");
}

TEST_F(FeishuChat, SharesThePaceOfAGroupWithTheAnswersThatGoThere) {
    open(std::make_shared<ChatPace>(clock, CallBudget{4, 1s}));
    auto answer = smallCard();
    answer.status = CardStatus::Reply;
    answer.reply.emplace();
    answer.reply->chat = "oc_team";
    answer.reply->message = "om_asked";
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(send(smallCard()));
        ASSERT_TRUE(send(answer));
    }
    ASSERT_TRUE(update(smallCard())) << "changes are not counted";
    std::optional<Result<Receipt>> fifth;
    tasks.spawn("fifth", sending(smallCard(), fifth));
    EXPECT_FALSE(loop.runUntil([&] { return fifth.has_value(); }, 50ms));
    clock.advance(1s);
    EXPECT_TRUE(loop.runUntil([&] { return fifth.has_value(); }));
}

TEST_F(FeishuChat, SaysThatTheSecretIsWrong) {
    for (int code : {10003, 10014}) {
        auto error = feishu::errorOf(code, "invalid", "app");
        EXPECT_EQ(error.code, ErrorCode::Unauthenticated) << code;
        EXPECT_EQ(error.remedy, "check the application's id and secret") << code;
        EXPECT_EQ(error.retry.kind, Retry::Kind::After) << "somebody may be correcting it";
    }
}

TEST_F(FeishuChat, SaysNothingOfItsSecretsInErrors) {
    api.answer(400, refused(230001, "bad s3cret-of-the-app and t-1-not"));
    EXPECT_THAT(send(smallCard()).error().describe(), Not(HasSubstr("s3cret-of-the-app")));
}

TEST_F(FeishuChat, DoesNotKnowTheOutcomeOfACallThatWasCut) {
    ASSERT_TRUE(send(smallCard()));
    api.cut();
    EXPECT_EQ(send(smallCard()).error().code, ErrorCode::OutcomeUnknown);
}

TEST_F(FeishuChat, WaitsAsLongAsItIsAsked) {
    api.answer(429, refused(99991400), "9");
    auto error = send(smallCard()).error();
    EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(error.retry.after, 9s);
}

}  // namespace
}  // namespace klaw::notifiers::test
