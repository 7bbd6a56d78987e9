#include "notifiers/dingtalk/chat.hpp"

#include "test/unit/notifiers/scripted_api.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string refused(const std::string& code, const std::string& message = "no") {
    return Json{{"code", code}, {"message", message}}.dump();
}

class DingTalkChat : public NotifierTest {
protected:
    DingTalkChat() { open("cidTeam=="); }
    ~DingTalkChat() override {
        tasks.spawn("stop", api.stop());
        loop.runUntil([&] { return tasks.empty(); });
    }

    void open(const std::string& where) {
        dingtalk::AppOptions options;
        options.id = "ding1";
        options.secret = "s3cret-of-the-app";
        options.cardTemplate = "ours.schema";
        options.platform = dingtalk::platformOf(api.url);
        app = std::make_shared<dingtalk::App>(loop, client, clock, options);
        dingtalk::ChatOptions to;
        to.name = "ops";
        to.chat = where;
        chat = std::make_unique<dingtalk::Chat>(app, clock, to);
    }
    Result<Receipt> send(Card card, SendContext context = SendContext("k")) {
        return run(chat->send(std::move(card), std::move(context)));
    }
    Result<Receipt> update(Card card, const std::string& ref) {
        return run(chat->update(ref, std::move(card), SendContext("k2")));
    }
    std::string sent(std::size_t request) { return api.requests.at(request).body.dump(); }

    ScriptedApi api{loop, R"({"success":true,"result":{"deliverResults":[{"success":true}]}})",
                    R"({"accessToken":"t-1","expireIn":7200})"};
    std::shared_ptr<dingtalk::App> app;
    std::unique_ptr<dingtalk::Chat> chat;
};

TEST_F(DingTalkChat, SendsLessWhenItWasTooLong) {
    api.answer(400, refused("param.contentTooLong"));
    auto card = sampleCard(CardStatus::Firing, "en");
    for (int i = 0; i < 100; ++i)
        card.sections.back().lines.push_back("a line of the log of this container, number " + std::to_string(i));
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "shortened");
    EXPECT_LT(sent(1).size(), sent(0).size());
}

TEST_F(DingTalkChat, ShowsTheCensorEverLessOfWhatTheClusterWrote) {
    for (int i = 0; i < 2; ++i) api.answer(400, refused("param.contentUnsafe"));
    auto receipt = send(sampleCard(CardStatus::Firing, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without logs, sent without details, shortened");
    EXPECT_THAT(sent(0), HasSubstr("Last log lines"));
    EXPECT_THAT(sent(1), Not(HasSubstr("Last log lines")));
    EXPECT_THAT(sent(1), HasSubstr("BackOff"));
    EXPECT_THAT(sent(2), Not(HasSubstr("Back-off restarting")));
}

TEST_F(DingTalkChat, DropsTheMentionOfSomebodyWhoIsGone) {
    api.answer(400, refused("param.userIdNotExist", "user gone01 does not exist"));
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "gone01", "Li"), Mention(Mention::Kind::UserId, "here01")};
    auto receipt = send(smallCard(), context);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without mentioning Li");
    EXPECT_THAT(sent(1), HasSubstr("here01"));
    EXPECT_THAT(sent(1), Not(HasSubstr("gone01")));
}

TEST_F(DingTalkChat, UsesThePublicTemplateWhenItsOwnDoesNotServeAndGoesOnWithIt) {
    api.answer(400, refused("cardTemplateInvalid"));
    auto receipt = send(smallCard());
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent with the public template");
    EXPECT_EQ(api.requests.at(0).body["cardTemplateId"], "ours.schema");
    EXPECT_NE(api.requests.at(1).body["cardTemplateId"], "ours.schema");
    ASSERT_TRUE(update(sampleCard(CardStatus::Resolved, "en"), receipt->platformRef));
    EXPECT_EQ(api.requests.at(2).body["outTrackId"], api.requests.at(1).body["outTrackId"]);
    EXPECT_THAT(sent(2), HasSubstr("msgTitle"));
}

TEST_F(DingTalkChat, KnowsACardOfThePublicTemplateByTheNameThatItsPressesHave) {
    api.answer(400, refused("cardTemplateInvalid"));
    auto receipt = send(smallCard());
    ASSERT_TRUE(receipt) << receipt.error().describe();
    const auto& made = api.requests.at(1).body;
    EXPECT_EQ(made["outTrackId"], receipt->platformRef);
    dingtalk::CardTemplates templates("ours.schema");
    EXPECT_EQ(made["cardTemplateId"], templates.of(receipt->platformRef).id());
    EXPECT_EQ(templates.of("klaw-k").id(), "ours.schema");
}

TEST_F(DingTalkChat, WritesAMessageWhenItMayNotWriteCards) {
    api.answer(403, refused("Forbidden.AccessDenied.AccessTokenPermissionDenied"));
    auto receipt = send(sampleCard(CardStatus::Firing, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_THAT(receipt->detail, HasSubstr("sent as a message"));
    EXPECT_EQ(api.requests.at(1).path, "/v1.0/robot/groupMessages/send");
    EXPECT_THAT(sent(1), HasSubstr("payments-api keeps crashing"));
    EXPECT_TRUE(update(sampleCard(CardStatus::Firing, "en"), receipt->platformRef));
    EXPECT_EQ(api.requests.size(), 2u) << "numbers are not worth another message";
    EXPECT_TRUE(update(sampleCard(CardStatus::Resolved, "en"), receipt->platformRef));
    EXPECT_EQ(api.requests.at(2).path, "/v1.0/robot/groupMessages/send");
}

TEST_F(DingTalkChat, SendsAnewWhatCannotBeChanged) {
    api.answer(400, refused("param.outTrackIdNotExist"));
    auto receipt = update(sampleCard(CardStatus::Resolved, "en"), "klaw-old");
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->platformRef, "klaw-k2");
    EXPECT_EQ(api.requests.at(1).path, "/v1.0/card/instances/createAndDeliver");
}

TEST_F(DingTalkChat, SendsNoOtherMessageToSayThatOneIsContinued) {
    api.answer(400, refused("param.outTrackIdNotExist"));
    for (const auto* ref : {"klaw-old", "message:klaw-old"})
        EXPECT_TRUE(update(sampleCard(CardStatus::Continued, "en"), ref)) << ref;
    EXPECT_EQ(api.requests.size(), 1u) << "to change the card";
}

TEST_F(DingTalkChat, SaysThatAMessageReachedNobody) {
    auto card = smallCard();
    card.status = CardStatus::Reply;
    card.reply.emplace();
    card.reply->person = "user01";
    api.answer(200, R"({"processQueryKey":"q","invalidStaffIdList":["user01"]})");
    auto error = send(card).error();
    EXPECT_EQ(error.code, ErrorCode::NotFound);
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    api.answer(200, R"({"processQueryKey":"q","flowControlledStaffIdList":["user01"]})");
    EXPECT_EQ(send(card).error().code, ErrorCode::ResourceExhausted);
    api.answer(200, R"({"processQueryKey":"q","invalidStaffIdList":["another"]})");
    EXPECT_TRUE(send(card));
}

TEST_F(DingTalkChat, AnswersInTheConversationWhatIsRefusedAtTheAddressOfTheMessage) {
    auto card = smallCard();
    card.status = CardStatus::Reply;
    card.reply.emplace();
    card.reply->chat = "cidAsked==";
    card.reply->webhook = api.url + "/robot/sendBySession?session=s";
    card.reply->webhookUntil = clock.now() + 1h;
    api.answer(200, R"({"errcode":300005,"errmsg":"token is not exist"})");
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_THAT(api.requests.at(0).path, HasSubstr("/robot/sendBySession"));
    EXPECT_EQ(api.requests.at(1).path, "/v1.0/robot/groupMessages/send");
    EXPECT_EQ(api.requests.at(1).body["openConversationId"], "cidAsked==");
}

TEST_F(DingTalkChat, ShortensAnAnswerThatIsTooLong) {
    auto card = smallCard();
    card.status = CardStatus::Reply;
    card.reply.emplace();
    card.reply->webhook = api.url + "/robot/sendBySession?session=s";
    card.reply->webhookUntil = clock.now() + 1h;
    card.sections.push_back({{}, CardSection::Kind::Text, std::vector<std::string>(120, std::string(100, 'x')), false});
    api.answer(200, R"({"errcode":460101,"errmsg":"message too long"})");
    api.answer(200, R"({"errcode":0})");
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "shortened");
    EXPECT_LT(sent(1).size(), sent(0).size());
}

TEST_F(DingTalkChat, AnswersByTheConfiguredWayAtAnAddressOfThePlatform) {
    auto card = smallCard();
    card.status = CardStatus::Reply;
    card.reply.emplace();
    card.reply->webhook = "https://oapi.dingtalk.com/robot/sendBySession?session=s";
    card.reply->webhookUntil = clock.now() + 1h;
    api.answer(200, R"({"errcode":0})");
    ASSERT_TRUE(send(card));
    EXPECT_THAT(api.requests.at(0).path, HasSubstr("/robot/sendBySession"));
}

TEST_F(DingTalkChat, ReadsAnAnswerOfAnyShape) {
    for (const auto* odd : {R"({"result":{"deliverResults":[{"success":"no","errorMsg":5}]}})",
                            R"({"result":{"deliverResults":[7,null]}})", R"({"result":[]})"}) {
        api.answer(200, odd);
        EXPECT_TRUE(send(smallCard())) << odd;
    }
    api.answer(200, R"({"result":{"deliverResults":[{"success":false,"errorMsg":5}]}})");
    EXPECT_FALSE(send(smallCard()));
}

TEST_F(DingTalkChat, SaysNothingOfItsSecretsInErrors) {
    api.answer(400, refused("param.empty", "bad s3cret-of-the-app"));
    EXPECT_THAT(send(smallCard()).error().describe(), Not(HasSubstr("s3cret-of-the-app")));
}

TEST_F(DingTalkChat, DoesNotKnowTheOutcomeOfACallThatWasCut) {
    ASSERT_TRUE(send(smallCard()));
    api.cut();
    EXPECT_EQ(send(smallCard()).error().code, ErrorCode::OutcomeUnknown);
}

TEST_F(DingTalkChat, WaitsAsLongAsItIsAsked) {
    api.answer(429, refused("Throttling"), "9");
    auto error = send(smallCard()).error();
    EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(error.retry.after, 9s);
}

}  // namespace
}  // namespace klaw::notifiers::test
