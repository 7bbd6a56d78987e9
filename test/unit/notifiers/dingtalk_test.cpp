#include <nlohmann/json.hpp>

#include "base/text/utf8.hpp"
#include "notifiers/dingtalk/render.hpp"
#include "notifiers/dingtalk/robot.hpp"
#include "notifiers/dingtalk/sign.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using dingtalk::Answer;
using dingtalk::Robot;
using dingtalk::RobotOptions;
using fakes::Fault;
using fakes::Platform;
using testing::HasSubstr;
using testing::Not;

TEST(DingTalkSignature, AgreesWithTheVectors) {
    EXPECT_EQ(dingtalk::signature("SECtest", 1700000000000), "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=");
    EXPECT_EQ(dingtalk::signature("SECtest", 1700000000001), "r4CWp/Dz+Ng0sbTjH1vB0Fr+uQ2fn831mssaN6/C05I=");
    EXPECT_EQ(dingtalk::signedUrl("https://h/robot/send?access_token=t", "SECtest", fromUnixMillis(1700000000001)),
              "https://h/robot/send?access_token=t&timestamp=1700000000001&sign="
              "r4CWp%2FDz%2BNg0sbTjH1vB0Fr%2BuQ2fn831mssaN6%2FC05I%3D");
    EXPECT_EQ(dingtalk::signedUrl("https://h/x", "", sampleTime()), "https://h/x");
}

Answer answered(int status, const std::string& body) {
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    return dingtalk::readAnswer(response, "ops", sampleTime());
}

Answer coded(int errcode, const std::string& message = "") {
    return answered(200, nlohmann::json{{"errcode", errcode}, {"errmsg", message}}.dump());
}

TEST(DingTalkErrors, DecideByNumber) {
    EXPECT_EQ(coded(0).kind, Answer::Kind::Taken);
    for (int code : {460101, 101002}) EXPECT_EQ(coded(code).kind, Answer::Kind::TooLong) << code;
    for (int code : {130101, 90030, 410100, 90018}) {
        EXPECT_EQ(coded(code).kind, Answer::Kind::Throttled) << code;
        EXPECT_EQ(coded(code).error.code, ErrorCode::ResourceExhausted) << code;
        EXPECT_EQ(coded(code).error.retry.kind, Retry::Kind::After) << code;
    }
    for (int code : {-1, 15, 88}) EXPECT_EQ(coded(code).error.retry.kind, Retry::Kind::Later) << code;
    EXPECT_EQ(coded(987654).error.retry.kind, Retry::Kind::Later);
    EXPECT_EQ(coded(987654).error.code, ErrorCode::Unsupported) << "known to nobody";
    for (int code : {310000, 300001, 400102, 40035}) {
        EXPECT_EQ(coded(code).error.retry.kind, Retry::Kind::Never) << code;
        EXPECT_FALSE(coded(code).error.remedy.empty()) << code;
    }
}

Answer apiAnswered(int status, const std::string& code, const std::string& retryAfter = "") {
    net::HttpResponse response;
    response.status = status;
    response.body = nlohmann::json{{"code", code}, {"message", "no"}}.dump();
    if (!retryAfter.empty()) response.headers.add("Retry-After", retryAfter);
    return dingtalk::readApiAnswer(response, "ops", sampleTime());
}

TEST(DingTalkErrors, WaitAsLongAsTheStatusAsksForWhateverTheCode) {
    for (const auto* code : {"Throttling", "Forbidden.AccessDenied.QpsLimitForApi", "param.empty"}) {
        auto tooMany = apiAnswered(429, code, "17").error;
        EXPECT_EQ(tooMany.code, ErrorCode::ResourceExhausted) << code;
        EXPECT_EQ(tooMany.retry.kind, Retry::Kind::After) << code;
        EXPECT_EQ(tooMany.retry.after, 17s) << code;
    }
    auto busy = apiAnswered(503, "ServiceUnavailable", "40").error;
    EXPECT_EQ(busy.code, ErrorCode::Unavailable);
    EXPECT_EQ(busy.retry.after, 40s);
    EXPECT_EQ(apiAnswered(429, "Throttling").error.retry.kind, Retry::Kind::Later);
}

TEST(DingTalkErrors, PauseForAnHourWhenTheMonthsQuotaIsSpent) {
    for (const auto& error :
         {coded(90020).error, apiAnswered(403, "Forbidden.AccessDenied.ApiCountLimitForOrg").error}) {
        EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
        EXPECT_EQ(error.retry.after, 1h);
        EXPECT_THAT(error.remedy, HasSubstr("quota"));
    }
}

TEST(DingTalkErrors, SayWhatOfACardIsRefused) {
    EXPECT_EQ(apiAnswered(400, "param.userIdNotExist").kind, Answer::Kind::BadMention);
    EXPECT_EQ(apiAnswered(400, "param.contentUnsafe").kind, Answer::Kind::Unsafe);
    EXPECT_EQ(apiAnswered(400, "param.contentTooLong").kind, Answer::Kind::TooLong);
    for (const auto* code : {"cardTemplateInvalid", "param.cardTemplateIdEmpty", "template.not.existed"})
        EXPECT_EQ(apiAnswered(400, code).kind, Answer::Kind::BadTemplate) << code;
    EXPECT_EQ(apiAnswered(400, "invalid.openConversationId").error.retry.kind, Retry::Kind::Never);
    EXPECT_EQ(apiAnswered(400, "somethingNew").error.code, ErrorCode::Unsupported) << "known to nobody";
}

TEST(DingTalkErrors, TellTheCausesOfARefusalApartInBothLanguages) {
    EXPECT_THAT(coded(310000, "keywords not in content").error.remedy, HasSubstr("keywords"));
    EXPECT_THAT(coded(310000, "description:关键词不匹配").error.remedy, HasSubstr("keywords"));
    EXPECT_THAT(coded(310000, "invalid timestamp").error.remedy, HasSubstr("clock"));
    EXPECT_THAT(coded(310000, "description:机器人发送签名不匹配").error.remedy, HasSubstr("secret"));
    EXPECT_THAT(coded(310000, "ip 1.2.3.4 not in whitelist").error.remedy, HasSubstr("IP list"));
}

TEST(DingTalkErrors, UnderstandWhatIsNotTheirOwnForm) {
    auto ban = answered(200, R"({"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u"})");
    EXPECT_EQ(ban.kind, Answer::Kind::Throttled);
    EXPECT_EQ(ban.error.retry.after, 5min);
    auto portal = answered(200, "<html>login</html>");
    EXPECT_EQ(portal.kind, Answer::Kind::Refused);
    EXPECT_EQ(portal.error.retry.kind, Retry::Kind::Later);
    for (const auto* odd : {"", "[]", "1", "null", R"({"errcode":"0"})", R"({"errcode":0.5})"})
        EXPECT_EQ(answered(200, odd).kind, Answer::Kind::Refused) << odd;
}

class DingTalkRobot : public NotifierTest {
protected:
    void start(fakes::PlatformOptions options) {
        options.platform = Platform::DingTalk;
        fake_ = &startFake(std::move(options));
        options_.url = fake_->url();
        robot_ = std::make_unique<Robot>(client, clock, options_);
    }
    Result<Receipt> send(Card card, SendContext context = SendContext("k")) {
        return run(robot_->send(std::move(card), std::move(context)));
    }

    RobotOptions options_;
    fakes::FakePlatform* fake_ = nullptr;
    std::unique_ptr<Robot> robot_;
};

TEST_F(DingTalkRobot, PutsAKeywordIntoTheTitleWhenTheTextHasNone) {
    options_.keywords = {"告警机器人"};
    start({.keywords = {"告警机器人"}});
    EXPECT_TRUE(send(smallCard()));
    EXPECT_THAT(fake_->messages().at(0).body, HasSubstr("t · 告警机器人"));
}

TEST_F(DingTalkRobot, GivesUpWithoutTheKeyword) {
    start({.keywords = {"告警机器人"}, .chinese = true});
    auto error = send(smallCard()).error();
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_THAT(error.remedy, HasSubstr("keywords"));
}

TEST_F(DingTalkRobot, MentionsPeopleInTheFieldAndInTheText) {
    start({});
    SendContext context("k");
    context.mentions = {Mention(Mention::Kind::Mobile, "13800000000"), Mention(Mention::Kind::UserId, "user01"),
                        Mention(Mention::Kind::UserId, "a b](x"), Mention(Mention::Kind::Email, "a@b.cn")};
    ASSERT_TRUE(send(sampleCard(CardStatus::Firing, "en"), std::move(context)));
    auto message = nlohmann::json::parse(fake_->messages().at(0).body);
    EXPECT_EQ(message["msgtype"], "markdown");  // an actionCard cannot mention
    EXPECT_EQ(message["at"],
              nlohmann::json::parse(R"({"atMobiles":["13800000000"],"atUserIds":["user01"],"isAtAll":false})"));
    EXPECT_TRUE(message["markdown"]["text"].get<std::string>().ends_with("@13800000000 @user01"));
}

TEST_F(DingTalkRobot, SendsOnceMoreWithLessTextWhenItWasTooLong) {
    start({});
    auto card = sampleCard(CardStatus::Firing, "en");
    card.sections[1].lines.assign(400, "a line of a log that is about sixty bytes long, give or take");
    fake_->failNext(Fault::code(Platform::DingTalk, 460101));
    auto receipt = send(card);
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->detail, "shortened");
    EXPECT_EQ(fake_->requests(), 2u);
    fake_->failNext(Fault::code(Platform::DingTalk, 460101), 2);
    auto error = send(card, SendContext("k2")).error();
    EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_EQ(fake_->requests(), 4u);
}

TEST_F(DingTalkRobot, StaysUnderTheLimitInChineseToTheByte) {
    start({});
    auto card = sampleCard(CardStatus::Firing, "zh");
    card.sections[1].lines.assign(3000, "反复崩溃\"\\<x>");
    ASSERT_TRUE(send(card));
    const auto& body = fake_->messages().at(0).body;
    EXPECT_LE(body.size(), options_.maxBytes);
    EXPECT_GT(body.size(), options_.maxBytes - 200);
    EXPECT_TRUE(isValidUtf8(body));
    EXPECT_THAT(body, HasSubstr("行"));
}

TEST_F(DingTalkRobot, PausesLongerWithEveryBlockInARow) {
    start({});
    Duration expected = 60s;
    for (int round = 0; round < 6; ++round) {
        fake_->failNext(Fault::code(Platform::DingTalk, 130101));
        auto error = send(smallCard()).error();
        EXPECT_EQ(error.retry.after, std::min<Duration>(expected, 10min));
        clock.advance(error.retry.after);
        expected *= 2;
    }
    ASSERT_TRUE(send(smallCard()));
    fake_->failNext(Fault::code(Platform::DingTalk, 130101));
    EXPECT_EQ(send(smallCard()).error().retry.after, 60s);
}

TEST_F(DingTalkRobot, StaysBelowTheRateWhenTheCourierKeepsTheBudget) {
    start({});
    auto budget = robot_->limits().budgets.at(0);
    for (unsigned i = 0; i < 3 * budget.count; ++i) {
        if (i > 0 && i % budget.count == 0) clock.advance(budget.window);
        ASSERT_TRUE(send(smallCard(), SendContext("k" + std::to_string(i)))) << i;
    }
    for (unsigned i = 0; i < 3; ++i) send(smallCard(), SendContext("more" + std::to_string(i)));
    EXPECT_EQ(send(smallCard(), SendContext("last")).error().code, ErrorCode::ResourceExhausted);
}

TEST_F(DingTalkRobot, HashesKeysThatAreTooLong) {
    start({});
    ASSERT_TRUE(send(smallCard(), SendContext(std::string(200, 'x'))));
    EXPECT_EQ(fake_->messages().at(0).key.size(), 32u);
}

}  // namespace
}  // namespace klaw::notifiers::test
