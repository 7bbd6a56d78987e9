// Calling people about a card: against pages that record what is asked.
#include <nlohmann/json.hpp>

#include "base/net/http_server.hpp"
#include "notifiers/dingtalk/chat.hpp"
#include "notifiers/feishu/chat.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::json;

class Ringing : public NotifierTest {
protected:
    void SetUp() override {
        auto handler = [this](net::ServerRequest request) -> Task<net::ServerResponse> {
            bool token = request.target.find("tenant_access_token") != request.target.npos ||
                         request.target.find("accessToken") != request.target.npos;
            if (token)
                co_return net::ServerResponse::json(200, R"({"code":0,"tenant_access_token":"t","expire":7200,)"
                                                         R"("accessToken":"t","expireIn":7200})");
            asked.push_back(request.method + " " + request.target + " " + request.body);
            co_return net::ServerResponse::json(status, body);
        };
        server = std::make_unique<net::HttpServer>(loop, net::HttpServerOptions(), handler);
        url = "http://127.0.0.1:" + std::to_string(server->listen().value());
    }
    void TearDown() override {
        tasks.spawn("stop", server->stop(Duration::zero()));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
    }
    static Card calling(rules::Ring ring) {
        auto card = smallCard();
        card.title = "web keeps crashing, token=abcdefghijklmnop";
        card.severity = rules::Severity::Critical;
        card.ring = ring;
        return card;
    }
    static SendContext of(std::vector<Mention> mentions) {
        SendContext context("key-1");
        context.mentions = std::move(mentions);
        return context;
    }
    Result<Receipt> feishu(rules::Ring ring, std::vector<Mention> mentions) {
        feishu::AppOptions options;
        options.url = url;
        auto app = std::make_shared<feishu::App>(loop, client, clock, random, options);
        feishu::Chat chat(app, feishu::ChatOptions());
        return run(chat.ring("om_1", calling(ring), of(std::move(mentions))));
    }
    Result<Receipt> dingTalk(rules::Ring ring, std::vector<Mention> mentions) {
        dingtalk::AppOptions options;
        options.id = options.robotCode = "dingapp";
        options.platform = dingtalk::platformOf(url);
        auto app = std::make_shared<dingtalk::App>(loop, client, clock, options);
        dingtalk::Chat chat(app, clock, dingtalk::ChatOptions());
        return run(chat.ring("", calling(ring), of(std::move(mentions))));
    }

    std::unique_ptr<net::HttpServer> server;
    std::string url;
    std::vector<std::string> asked;
    int status = 200;
    std::string body = R"({"code":0,"msg":"success","data":{"invalid_user_id_list":[]}})";
};

const Mention li(Mention::Kind::UserId, "ou_li", "Li"), everybody(Mention::Kind::All, "all");

TEST_F(Ringing, OnFeishuIsUrgentAboutTheMessage) {
    ASSERT_TRUE(feishu(rules::Ring::App, {li, everybody}));
    ASSERT_TRUE(feishu(rules::Ring::Sms, {li}));
    ASSERT_TRUE(feishu(rules::Ring::Phone, {li}));
    EXPECT_EQ(
        asked,
        (std::vector<std::string>{
            R"(PATCH /open-apis/im/v1/messages/om_1/urgent_app?user_id_type=open_id {"user_id_list":["ou_li"]})",
            R"(PATCH /open-apis/im/v1/messages/om_1/urgent_sms?user_id_type=open_id {"user_id_list":["ou_li"]})",
            R"(PATCH /open-apis/im/v1/messages/om_1/urgent_phone?user_id_type=open_id {"user_id_list":["ou_li"]})"}));
}

TEST_F(Ringing, OnDingTalkIsADingOfTheRobot) {
    body = R"({"openDingId":"d1"})";
    ASSERT_TRUE(dingTalk(rules::Ring::Phone, {Mention(Mention::Kind::UserId, "user01", "Li"), everybody}));
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_TRUE(asked[0].starts_with("POST /v1.0/robot/ding/send {")) << asked[0];
    auto sent = Json::parse(asked[0].substr(asked[0].find('{')));
    EXPECT_EQ(sent["robotCode"], "dingapp");
    EXPECT_EQ(sent["remindType"], 3);
    EXPECT_EQ(sent["receiverUserIdList"], Json::array({"user01"}));
    EXPECT_THAT(sent["content"].get<std::string>(), testing::HasSubstr("web keeps crashing, token=***"));
    dingTalk(rules::Ring::App, {li});
    EXPECT_EQ(Json::parse(asked[1].substr(asked[1].find('{')))["remindType"], 1);
}

TEST_F(Ringing, TellsWhoWasNotRung) {
    body = R"({"code":0,"data":{"invalid_user_id_list":["ou_li"]}})";
    EXPECT_EQ(feishu(rules::Ring::App, {li})->detail, "not rung: ou_li");
    body = R"({"openDingId":"d1","failedList":{"no phone":["user01"]}})";
    EXPECT_EQ(dingTalk(rules::Ring::Sms, {li})->detail, R"(not rung: {"no phone":["user01"]})");
}

TEST_F(Ringing, RefusalsAreForGoodAndNameTheChannel) {
    body = R"({"code":99991672,"msg":"Access denied: im:message.urgent"})";
    auto refused = feishu(rules::Ring::Phone, {li});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry.kind, Retry::Kind::Never);
    EXPECT_FALSE(feishu(rules::Ring::App, {everybody})) << "nobody in particular can be rung";
    EXPECT_EQ(asked.size(), 1u);
}

}  // namespace
}  // namespace klaw::notifiers::test
