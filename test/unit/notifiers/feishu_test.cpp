#include <nlohmann/json.hpp>

#include "notifiers/feishu/bot.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/feishu/sign.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using fakes::Fault;
using fakes::Platform;
using feishu::Answer;
using feishu::Bot;
using feishu::BotOptions;
using testing::HasSubstr;
using testing::Not;

TEST(FeishuSignature, AgreesWithTheVector) {
    EXPECT_EQ(feishu::signature("SECabc123", 1700000000), "UqhI0v4zAkSwI4hNYBuHQvnrAqshA0UaeBGHCUMPX70=");
}

Answer answered(int status, const std::string& body, const std::string& resetAfter = "") {
    SeededRandom random(1);
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    if (!resetAfter.empty()) response.headers.add("X-Ogw-Ratelimit-Reset", resetAfter);
    return feishu::readAnswer(response, "ops", sampleTime(), random);
}

Answer coded(int code, const std::string& message = "", int status = 200) {
    return answered(status, nlohmann::json{{"code", code}, {"msg", message}}.dump());
}

TEST(FeishuErrors, DecideByNumberWhateverTheStatus) {
    EXPECT_EQ(coded(0).kind, Answer::Kind::Taken);
    EXPECT_EQ(answered(200, R"({"StatusCode":0,"StatusMessage":"success"})").kind, Answer::Kind::Taken);
    EXPECT_EQ(coded(11246).kind, Answer::Kind::BadMention);
    EXPECT_EQ(coded(230025).kind, Answer::Kind::TooLong);
    EXPECT_EQ(coded(230099).kind, Answer::Kind::BadCard);
    for (int code : {19001, 19021, 19022, 19024}) {
        EXPECT_EQ(coded(code).error.retry.kind, Retry::Kind::Never) << code;
        EXPECT_FALSE(coded(code).error.remedy.empty()) << code;
    }
    EXPECT_THAT(coded(19021).error.remedy, HasSubstr("clock"));
    EXPECT_EQ(coded(123456).error.retry.kind, Retry::Kind::Later);
    EXPECT_EQ(coded(123456).error.code, ErrorCode::Unsupported) << "known to nobody";
}

TEST(FeishuErrors, WaitAsLongAsTheStatusAsksForWhateverTheCode) {
    auto tooMany = answered(429, R"({"code":123456,"msg":"slow down"})", "17").error;
    EXPECT_EQ(tooMany.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(tooMany.retry.after, 17s);
    EXPECT_EQ(answered(503, R"({"code":123456,"msg":"busy"})", "40").error.retry.after, 40s);
}

TEST(FeishuErrors, PauseForAnHourWhenTheMonthsQuotaIsSpent) {
    auto spent = coded(99991403, "This month's API call quota has been exceeded", 429).error;
    EXPECT_EQ(spent.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(spent.retry.kind, Retry::Kind::After);
    EXPECT_EQ(spent.retry.after, 1h);
    EXPECT_THAT(spent.remedy, HasSubstr("quota"));
}

TEST(FeishuErrors, TellTooManyRequestsFromAMalformedOne) {
    auto busy = coded(9499, "too many request", 400);
    EXPECT_EQ(busy.error.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(busy.error.retry.kind, Retry::Kind::After);
    EXPECT_EQ(coded(9499, "Bad Request", 400).kind, Answer::Kind::BadCard);
}

TEST(FeishuErrors, SpreadTheRetriesAfterSystemLoad) {
    SeededRandom random(5);
    net::HttpResponse response;
    response.status = 200;
    response.body = R"({"code":11232,"msg":"frequency limit"})";
    std::set<Duration> waits;
    for (int i = 0; i < 20; ++i) {
        auto wait = feishu::readAnswer(response, "ops", sampleTime(), random).error.retry.after;
        EXPECT_GE(wait, 5s);
        EXPECT_LE(wait, 35s);
        waits.insert(wait);
    }
    EXPECT_GT(waits.size(), 10u);
    EXPECT_EQ(answered(429, R"({"code":99991400})", "9").error.retry.after, 9s);
}

class FeishuBot : public NotifierTest {
protected:
    void start(fakes::PlatformOptions options) {
        options.platform = Platform::Feishu;
        fake_ = &startFake(std::move(options));
        options_.url = fake_->url();
        bot_ = std::make_unique<Bot>(client, clock, random, options_);
    }
    Result<Receipt> send(Card card, SendContext context = SendContext("k")) {
        return run(bot_->send(std::move(card), std::move(context)));
    }

    BotOptions options_;
    fakes::FakePlatform* fake_ = nullptr;
    std::unique_ptr<Bot> bot_;
};

TEST_F(FeishuBot, SendsWithoutTheMentionThatIsRefusedAndSaysSo) {
    start({.unknownPeople = {"ou_gone"}});
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "ou_here"), Mention(Mention::Kind::UserId, "ou_gone")};
    auto receipt = send(sampleCard(CardStatus::Firing, "en"), context);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without mentioning ou_gone");
    EXPECT_EQ(fake_->taken(), 1u);
    EXPECT_EQ(fake_->requests(), 2u);
    EXPECT_THAT(fake_->messages().at(0).body, HasSubstr("Sent without mentions"));
    EXPECT_THAT(fake_->messages().at(0).body, HasSubstr("ou_here"));
    EXPECT_THAT(fake_->messages().at(0).body, Not(HasSubstr("ou_gone")));
}

TEST_F(FeishuBot, SendsWithoutMentionsWhenThePlatformDoesNotSayWhichOneIsWrong) {
    start({});
    fake_->failNext(Fault::code(Platform::Feishu, 11246, "invalid user resource"));
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "ou_here")};
    EXPECT_EQ(send(smallCard(), context)->detail, "sent without mentions");
    EXPECT_THAT(fake_->messages().at(0).body, Not(HasSubstr("ou_here")));
}

TEST_F(FeishuBot, LeavesOutWhatWasFoundOutBeforeItGivesUpTheCard) {
    start({});
    fake_->failNext(Fault::code(Platform::Feishu, 230099, "ErrCode: 200621"), 2);
    auto receipt = send(sampleCard(CardStatus::Firing, "en"));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without a drawing, sent without details, shortened");
    EXPECT_THAT(fake_->messages().at(0).body, HasSubstr("\"interactive\""));
    EXPECT_THAT(fake_->messages().at(0).body, Not(HasSubstr("Last log lines")));
}

TEST_F(FeishuBot, MentionsOnlyWhomTheTagCanName) {
    start({});
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::All, ""), Mention(Mention::Kind::Email, "a@b.cn"),
                        Mention(Mention::Kind::Mobile, "138"), Mention(Mention::Kind::UserId, "x></at><at id=all")};
    ASSERT_TRUE(send(smallCard(), context));
    EXPECT_THAT(fake_->messages().at(0).body, HasSubstr("<at id=all></at> <at email=a@b.cn></at>\""));
    EXPECT_THAT(fake_->messages().at(0).body, Not(HasSubstr("x>")));
}

TEST_F(FeishuBot, FallsBackToTextWhenTheCardIsRefused) {
    start({});
    fake_->failNext(Fault::code(Platform::Feishu, 230099, "ErrCode: 200621"), 3);
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "ou_1", "Li")};
    auto receipt = send(sampleCard(CardStatus::Firing, "en"), context);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "sent without a drawing, sent without details, sent as text");
    auto text = nlohmann::json::parse(fake_->messages().at(0).body)["content"]["text"].get<std::string>();
    EXPECT_THAT(text, HasSubstr("<at user_id=\"ou_1\">Li</at>"));
    EXPECT_THAT(text, Not(HasSubstr("<at id")));
    EXPECT_THAT(text, HasSubstr("payments-api keeps crashing"));
}

TEST_F(FeishuBot, GivesUpWhenEvenTheTextIsRefused) {
    start({});
    fake_->failNext(Fault::code(Platform::Feishu, 230099), 9);
    auto error = send(smallCard()).error();
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_EQ(fake_->requests(), 2u);
}

TEST_F(FeishuBot, TakesSeveralWaysOutOneAfterTheOther) {
    start({.unknownPeople = {"ou_gone"}});
    fake_->failNext(Fault::code(Platform::Feishu, 230025));
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::UserId, "ou_gone")};
    auto receipt = send(sampleCard(CardStatus::Firing, "en"), context);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(fake_->requests(), 3u);
}

TEST_F(FeishuBot, PutsAKeywordIntoTheCard) {
    options_.keywords = {"告警机器人"};
    start({.keywords = {"告警机器人"}});
    EXPECT_TRUE(send(smallCard()));
}

TEST_F(FeishuBot, StaysBelowBothRatesWhenTheCourierKeepsTheBudgets) {
    start({});
    for (int i = 0; i < 180; ++i) {
        if (i > 0 && i % 4 == 0) clock.advance(1s);
        if (i > 0 && i % 90 == 0) clock.advance(60s);
        ASSERT_TRUE(send(smallCard())) << i;
    }
}

TEST_F(FeishuBot, IsHeldBackAsAWholeWhenItWasTooFast) {
    start({});
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(send(smallCard()));
    auto error = send(smallCard()).error();
    EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(error.retry.kind, Retry::Kind::After);
}

TEST(FeishuCard, ObeysTheReferenceInEveryState) {
    for (auto status :
         {CardStatus::Firing, CardStatus::Acknowledged, CardStatus::Acting, CardStatus::Acted, CardStatus::Failed,
          CardStatus::Silenced, CardStatus::Resolved, CardStatus::Digest, CardStatus::Test}) {
        std::vector<std::string> mentioned;
        auto card = feishu::renderCard(SafeCard(sampleCard(status, "zh")), {}, {});
        EXPECT_EQ(fakes::checkFeishuCard(card.dump(), mentioned), "");
        EXPECT_THAT(mentioned, testing::IsEmpty());  // the sample's log asks for one
    }
}

}  // namespace
}  // namespace klaw::notifiers::test
