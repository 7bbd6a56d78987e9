#include "notifiers/dingtalk/callback.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/sign.hpp"
#include "test/unit/notifiers/connection_test.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

constexpr auto kSecret = "SECtest";

json messageData(const std::string& text) {
    return {{"msgId", "msg1"},          {"msgtype", "text"},     {"text", {{"content", text}}},
            {"conversationId", "cid1"}, {"senderStaffId", "li"}, {"senderCorpId", "ding1"},
            {"chatbotCorpId", "ding1"}};
}

json pressData(const std::string& corporation = "ding1") {
    auto content = json{{"cardPrivateData", {{"actionIds", {"ack"}}, {"params", {{"n", "nonce-1"}}}}}}.dump();
    return {{"outTrackId", "klaw-1"}, {"userId", "li"}, {"corpId", corporation}, {"content", content}};
}

class DingTalkCallbackTest : public test::ConnectionTest {
protected:
    DingTalkCallbackTest() {
        answers["/v1.0/oauth2/accessToken"] = R"({"accessToken":"t-1","expireIn":7200})";
        answers["/v1.0/card/callbacks/register"] = R"({"success":true})";
        use("");
    }
    void use(const std::string& corporation) {
        AppOptions options;
        options.name = "app";
        options.id = "ding1";
        options.secret = kSecret;
        options.cardTemplate = "own.schema";
        options.corpId = corporation;
        options.platform = platformOf(url());
        app = std::make_shared<App>(loop, client, clock, std::move(options));
        callback = std::make_unique<Callback>(loop, clock, app, inbound, "https://klaw.example.com/callback/app");
    }
    net::ServerRequest signedPost(const json& body, Duration late = {}, const std::string& secret = kSecret) {
        net::ServerRequest request;
        request.method = "POST";
        request.body = body.dump();
        auto time = toUnixMillis(clock.now() - late);
        request.headers.add("timestamp", std::to_string(time));
        request.headers.add("sign", signature(secret, time));
        return request;
    }
    net::ServerResponse answerTo(net::ServerRequest request, const std::string& rest = "") {
        return run(callback->receive(std::move(request), rest));
    }
    /// What follows the application's path in the address that the platform was told.
    std::string registeredPath() {
        callback->start();
        EXPECT_TRUE(until([this] { return callback->connected(); })) << callback->lastError();
        auto told = json::parse(bodies["/v1.0/card/callbacks/register"]);
        EXPECT_EQ(told["callbackRouteKey"], "klaw");
        auto address = told["callbackUrl"].get<std::string>();
        end(*callback);
        EXPECT_EQ(answerTo(signedPost(pressData()), address.substr(address.rfind("card/"))).status, 503)
            << "what comes after the end would be lost";
        use(app->options().corpId);
        constexpr std::string_view own = "https://klaw.example.com/callback/app/";
        EXPECT_THAT(address, StartsWith(own));
        return address.substr(own.size());
    }
    const std::map<std::string, std::uint64_t>& dropped() const { return callback->counts().dropped; }

    std::shared_ptr<App> app;
    std::unique_ptr<Callback> callback;
};

TEST_F(DingTalkCallbackTest, TakesAMessageThatIsSignedWithTheSecret) {
    EXPECT_EQ(answerTo(signedPost(messageData("alerts"))).status, 200);
    ASSERT_EQ(inbound.messages.size(), 1u);
    EXPECT_EQ(inbound.messages[0].text, "alerts");
    EXPECT_EQ(inbound.messages[0].from.id, "li");
}

TEST_F(DingTalkCallbackTest, RefusesAndCountsWhatIsNotThePlatforms) {
    EXPECT_EQ(answerTo(signedPost(messageData("x"), {}, "another secret")).status, 401);
    EXPECT_EQ(answerTo(signedPost(messageData("x"), 6min)).status, 401);
    EXPECT_EQ(answerTo(signedPost(messageData("x"), -6min)).status, 401);
    for (const auto* time : {"", "0", "-1", "x", "1700000000000x", "99999999999999999999"}) {
        auto odd = signedPost(messageData("x"));
        odd.headers.set("timestamp", time);
        EXPECT_EQ(answerTo(std::move(odd)).status, 401) << time;
    }
    EXPECT_EQ(answerTo(signedPost(json{{"msgId", 7}})).status, 400);
    auto long_ = signedPost({});
    long_.body = std::string(InboundCallback::longestBody + 1, ' ');
    EXPECT_EQ(answerTo(std::move(long_)).status, 413);
    EXPECT_EQ(answerTo(signedPost(pressData()), "card/guessed").status, 401);
    EXPECT_EQ(answerTo(signedPost(pressData()), "other").status, 401);
    EXPECT_TRUE(inbound.messages.empty());
    EXPECT_TRUE(inbound.presses.empty());
    EXPECT_THAT(dropped(),
                ElementsAre(Pair("bad card address", 2), Pair("bad signature", 7), Pair("malformed message", 1),
                            Pair("too long", 1), Pair("too old or too new", 2)));
}

TEST_F(DingTalkCallbackTest, TakesTheSameBytesOnce) {
    EXPECT_EQ(answerTo(signedPost(messageData("one"))).status, 200);
    EXPECT_EQ(answerTo(signedPost(messageData("one"))).status, 401);
    EXPECT_EQ(answerTo(signedPost(messageData("two"))).status, 200) << "another message of the same millisecond";
    EXPECT_EQ(inbound.messages.size(), 2u);
}

TEST_F(DingTalkCallbackTest, TakesPressesAtTheAddressThatOnlyThePlatformWasTold) {
    auto path = registeredPath();
    EXPECT_THAT(path, StartsWith("card/"));
    EXPECT_EQ(path.size(), 5u + 32u);
    auto answer = answerTo(signedPost(pressData()), path);
    EXPECT_EQ(json::parse(answer.body)["userPrivateData"]["cardParamMap"]["hint"], "did ack");
    EXPECT_EQ(inbound.presses.at(0).nonce, "nonce-1");
    EXPECT_EQ(answerTo(signedPost(json{{"outTrackId", nullptr}}), path).status, 400);
}

TEST_F(DingTalkCallbackTest, AnswersAPressInTheWordsOfTheTemplateThatTheCardHas) {
    auto path = registeredPath();
    auto press = pressData();
    press["outTrackId"] = "klaw-public-1";
    EXPECT_FALSE(json::parse(answerTo(signedPost(press), path).body).contains("userPrivateData")) << "it has no hint";
}

TEST_F(DingTalkCallbackTest, SaysWhileThePlatformDoesNotKnowTheAddressAndGoesOnTelling) {
    answers.erase("/v1.0/card/callbacks/register");
    callback->start();
    ASSERT_TRUE(until([this] { return !callback->lastError().empty(); }));
    EXPECT_FALSE(callback->connected());
    EXPECT_EQ(callback->lastError().find("card/"), std::string::npos) << callback->lastError();
    answers["/v1.0/card/callbacks/register"] = R"({"success":true})";
    clock.advance(1min);
    EXPECT_TRUE(until([this] { return callback->connected(); }));
    end(*callback);
}

TEST_F(DingTalkCallbackTest, VouchesForNobodyOfAnotherOrganisation) {
    auto path = registeredPath();
    auto foreign = messageData("alerts");
    foreign["senderCorpId"] = "ding2";
    EXPECT_EQ(answerTo(signedPost(foreign)).status, 200);
    EXPECT_EQ(inbound.messages.at(0).from.id, "") << "a userid of theirs may be one of ours";
    answerTo(signedPost(pressData("ding2")), path);
    answerTo(signedPost(pressData("ding1")), path);
    EXPECT_EQ(inbound.presses.at(0).by.id, "");
    EXPECT_EQ(inbound.presses.at(1).by.id, "li");
    EXPECT_THAT(dropped(), ElementsAre(Pair("identity of another organisation", 2)));
}

TEST_F(DingTalkCallbackTest, VouchesForNobodyBeforeItKnowsItsOwnOrganisation) {
    auto path = registeredPath();
    answerTo(signedPost(pressData("ding2")), path);
    EXPECT_EQ(inbound.presses.at(0).by.id, "");
    EXPECT_TRUE(inbound.presses.at(0).by.beforeOwnOrganisation);
    std::vector<std::string> learnt;
    app->corporation().remember("", [&](const std::string& id) { learnt.push_back(id); });
    for (const auto* word : {"one", "two"}) answerTo(signedPost(messageData(word)));
    EXPECT_THAT(learnt, ElementsAre("ding1"));
    answerTo(signedPost(pressData("ding1")), path);
    EXPECT_EQ(inbound.presses.at(1).by.id, "li");
}

TEST_F(DingTalkCallbackTest, KnowsItsOrganisationFromAnEarlierLife) {
    auto path = registeredPath();
    app->corporation().remember("ding1", {});
    answerTo(signedPost(pressData("ding1")), path);
    answerTo(signedPost(pressData("ding2")), path);
    EXPECT_EQ(inbound.presses.at(0).by.id, "li");
    EXPECT_EQ(inbound.presses.at(1).by.id, "");
    EXPECT_FALSE(inbound.presses.at(1).by.beforeOwnOrganisation);
}

TEST_F(DingTalkCallbackTest, WantsTheOrganisationToBeNamedWhereItIsConfigured) {
    auto nameless = messageData("alerts");
    nameless.erase("senderCorpId");
    answerTo(signedPost(nameless));
    EXPECT_EQ(inbound.messages.at(0).from.id, "li") << "no other organisation is known";
    use("ding1");
    answerTo(signedPost(nameless));
    EXPECT_EQ(inbound.messages.at(1).from.id, "");
    answerTo(signedPost(messageData("alerts")));
    EXPECT_EQ(inbound.messages.at(2).from.id, "li");
}

TEST(DingTalkPlatform, HasTwoHostsUnlessItIsOnesOwn) {
    EXPECT_EQ(platformOf("").old, "https://oapi.dingtalk.com");
    EXPECT_EQ(platformOf("https://api.dingtalk.com/").old, "https://oapi.dingtalk.com");
    for (const auto* international : {"international", "https://api.dingtalk.io", "https://api.dingtalk.io/"}) {
        EXPECT_EQ(platformOf(international).api, "https://api.dingtalk.io") << international;
        EXPECT_EQ(platformOf(international).old, "https://oapi.dingtalk.io") << international;
    }
    EXPECT_EQ(platformOf("http://127.0.0.1:9/").old, "http://127.0.0.1:9");
}

TEST_F(DingTalkCallbackTest, AnswersNoAddressButThePlatforms) {
    answers["/robot/sendBySession"] = R"({"errcode":0})";
    EXPECT_TRUE(run(app->answerTo(url() + "/robot/sendBySession?session=s", "{}")));
    for (const auto& elsewhere :
         {std::string("http://169.254.169.254/latest"), url() + ".evil.example/robot/sendBySession",
          url() + "@evil.example/x", std::string("file:///etc/passwd"), std::string()}) {
        auto answer = run(app->answerTo(elsewhere, "{}"));
        ASSERT_FALSE(answer) << elsewhere;
        EXPECT_EQ(answer.error().code, ErrorCode::PermissionDenied) << elsewhere;
    }
    EXPECT_EQ(asked["/robot/sendBySession"], 1);
}

}  // namespace
}  // namespace klaw::notifiers::dingtalk
