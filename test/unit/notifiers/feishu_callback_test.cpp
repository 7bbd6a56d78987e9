#include "notifiers/feishu/callback.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/feishu/callback_seal.hpp"
#include "test/unit/notifiers/connection_test.hpp"

namespace klaw::notifiers::feishu {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Pair;

// What the platform's documentation calls kudryavka, with a body that its official client opens.
constexpr auto kKey = "kudryavka";
constexpr auto kSealedChallenge =
    "AAECAwQFBgcICQoLDA0ODxW4PoDI9T6tHBryqyUFCxH+F/XeC8C9HwORBnYou2G1uQ1vQGmESnRTG6tQQQij6gh7r0bxtEOhqfwzLU1vB5s=";

TEST(FeishuSeal, IsAsTheOfficialClientMakesIt) {
    EXPECT_EQ(callbackSignature("1700000000", "nonce-1", kKey, R"({"encrypt":"x"})"),
              "d973be3187b676975fc4474e8a62ad1e6e71c64d964926e50f91b84ac660c151");
    EXPECT_EQ(openSealed(kSealedChallenge, kKey), R"({"type":"url_verification","challenge":"c-1","token":"v-1"})");
}

TEST(FeishuSeal, OpensNothingElse) {
    EXPECT_FALSE(openSealed(kSealedChallenge, "another key"));
    for (const auto* text : {"", "AAAA", "no base64!", "AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0ODxW4PoA="})
        EXPECT_FALSE(openSealed(text, kKey)) << text;
}

json messageEvent(const std::string& text, const std::string& app = "cli_a") {
    auto content = json{{"text", text}}.dump();
    json sender{{"sender_type", "user"}, {"sender_id", {{"open_id", "ou_li"}}}};
    json message{{"message_id", "om_1"}, {"chat_id", "oc_1"}, {"chat_type", "p2p"}, {"message_type", "text"}};
    message["content"] = content;
    return {{"header", {{"event_id", "e"}, {"event_type", "im.message.receive_v1"}, {"app_id", app}, {"token", "v-1"}}},
            {"event", {{"sender", sender}, {"message", message}}}};
}

json pressEvent() {
    json action{{"value", {{"n", "nonce"}, {"verb", "ack"}}}};
    return {
        {"header", {{"event_id", "f"}, {"event_type", "card.action.trigger"}, {"app_id", "cli_a"}, {"token", "v-1"}}},
        {"event", {{"operator", {{"open_id", "ou_li"}}}, {"action", action}}}};
}

/// Without an Encrypt Key bodies are plain, with one the tests sign the sealed body they have.
class FeishuCallbackTest : public test::ConnectionTest {
protected:
    void use(CallbackOptions options) {
        AppOptions app;
        app.name = "app";
        app.id = "cli_a";
        app.secret = "secret";
        app.url = url();
        callback = std::make_unique<Callback>(loop, clock, std::make_shared<App>(loop, client, clock, random, app),
                                              inbound, std::move(options));
    }
    static net::ServerRequest post(const std::string& body) {
        net::ServerRequest request;
        request.method = "POST";
        request.target = "/callback/app";
        request.body = body;
        return request;
    }
    net::ServerRequest signedPost(const std::string& body, Duration late = {}, const std::string& nonce = "n-1") {
        auto request = post(body);
        auto time = std::to_string(toUnixMillis(clock.now() - late) / 1000);
        request.headers.add("X-Lark-Request-Timestamp", time);
        request.headers.add("X-Lark-Request-Nonce", nonce);
        request.headers.add("X-Lark-Signature", callbackSignature(time, nonce, kKey, body));
        return request;
    }
    net::ServerResponse answerTo(net::ServerRequest request) { return run(callback->receive(std::move(request), "")); }
    net::ServerResponse answerTo(const json& body) { return answerTo(post(body.dump())); }
    const std::map<std::string, std::uint64_t>& dropped() const { return callback->counts().dropped; }

    std::unique_ptr<Callback> callback;
};

TEST_F(FeishuCallbackTest, AnswersTheQuestionForItsAddress) {
    use({"v-1", ""});
    auto answer = answerTo(json{{"type", "url_verification"}, {"challenge", "c-1"}, {"token", "v-1"}});
    EXPECT_EQ(answer.body, R"({"challenge":"c-1"})");
    EXPECT_EQ(answerTo(json{{"type", "url_verification"}, {"challenge", "c-1"}, {"token", "v-2"}}).status, 401);
    use({"v-1", kKey});
    EXPECT_EQ(answerTo(json{{"encrypt", kSealedChallenge}}).body, R"({"challenge":"c-1"})") << "it is not signed";
}

TEST_F(FeishuCallbackTest, TakesMessagesAtOnceAndAnswersPressesWithWhatIsSaid) {
    use({"v-1", ""});
    EXPECT_EQ(answerTo(messageEvent("alerts")).body, R"({"msg":"success"})");
    ASSERT_EQ(inbound.messages.size(), 1u);
    EXPECT_EQ(inbound.messages[0].text, "alerts");
    EXPECT_EQ(answerTo(pressEvent()).body, R"({"toast":{"type":"success","content":"did ack"}})");
    EXPECT_EQ(inbound.presses.at(0).by.id, "ou_li");
    EXPECT_EQ(callback->lastHeardOf(), clock.now());
}

TEST_F(FeishuCallbackTest, RefusesAndCountsWhatIsNotThePlatforms) {
    use({"v-1", ""});
    auto forged = messageEvent("delete everything");
    forged["header"]["token"] = "v-2";
    EXPECT_EQ(answerTo(forged).status, 401);
    EXPECT_EQ(answerTo(messageEvent("alerts", "cli_b")).status, 401);
    for (const auto* odd : {"", "nonsense", "[]", "7", R"({"header":null})", R"({"header":{"event_type":7}})"})
        EXPECT_EQ(answerTo(post(odd)).status, 401) << odd;
    EXPECT_EQ(answerTo(post(std::string(200'000, '['))).status, 401);
    EXPECT_EQ(answerTo(post(std::string(InboundCallback::longestBody + 1, ' '))).status, 413);
    auto get = post("");
    get.method = "GET";
    EXPECT_EQ(answerTo(std::move(get)).status, 404);
    EXPECT_TRUE(inbound.messages.empty());
    EXPECT_THAT(dropped(),
                ElementsAre(Pair("bad token", 1), Pair("event of another application", 1), Pair("malformed event", 7),
                            Pair("not a post to our address", 1), Pair("too long", 1)));
}

TEST_F(FeishuCallbackTest, TakesAnEventThatNobodyAskedForLestItComesAgainForHours) {
    use({"v-1", ""});
    auto other = messageEvent("");
    other["header"]["event_type"] = "im.chat.updated_v1";
    EXPECT_EQ(answerTo(other).status, 200);
    EXPECT_THAT(dropped(), ElementsAre(Pair("unhandled event", 1)));
}

TEST_F(FeishuCallbackTest, WantsASignatureOfNowAndTakesItOnce) {
    use({"", kKey});
    auto body = json{{"encrypt", kSealedChallenge}}.dump();
    EXPECT_EQ(answerTo(signedPost(body)).status, 200);
    EXPECT_EQ(answerTo(signedPost(body)).status, 401) << "the very same again";
    EXPECT_EQ(answerTo(signedPost(body, {}, "n-2")).status, 200);
    EXPECT_EQ(answerTo(signedPost(body, 6min)).status, 401);
    EXPECT_EQ(answerTo(signedPost(body, -6min)).status, 401);
    auto changed = signedPost(body, {}, "n-3");
    changed.body += " ";
    EXPECT_EQ(answerTo(std::move(changed)).status, 401);
    EXPECT_EQ(answerTo(signedPost("{}", {}, "n-4")).status, 401);
    EXPECT_EQ(answerTo(json{{"encrypt", 7}}).status, 401);
    EXPECT_THAT(dropped(), ElementsAre(Pair("bad signature", 1), Pair("not sealed with our key", 2),
                                       Pair("replayed", 1), Pair("too old or too new", 2)));
}

TEST_F(FeishuCallbackTest, IsUpWhileTheBotIsNotKnownAndAsksAgain) {
    use({"v-1", ""});
    callback->start();
    EXPECT_TRUE(callback->connected());
    ASSERT_TRUE(until([this] { return !callback->lastError().empty(); }));
    answers["/open-apis/auth/v3/tenant_access_token/internal"] =
        R"({"code":0,"tenant_access_token":"t","expire":7200})";
    answers["/open-apis/bot/v3/info"] = R"({"code":0,"bot":{"open_id":"ou_bot"}})";
    clock.advance(1min);
    EXPECT_TRUE(until([this] { return callback->lastError().empty(); }));
    end(*callback);
    EXPECT_FALSE(callback->connected());
}

}  // namespace
}  // namespace klaw::notifiers::feishu
