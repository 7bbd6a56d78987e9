#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/stream_connection.hpp"
#include "test/unit/notifiers/connection_test.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using nlohmann::json;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr auto kRegister = "/v1.0/gateway/connections/open";

std::string frameOf(std::string_view topic, const json& data, const std::string& type = "CALLBACK") {
    return json{{"type", type}, {"headers", {{"topic", topic}, {"messageId", "m-1"}}}, {"data", data.dump()}}.dump();
}

json messageData(const std::string& text) {
    return {{"msgId", "msg1"},
            {"msgtype", "text"},
            {"text", {{"content", text}}},
            {"conversationId", "cid1"},
            {"senderStaffId", "li"}};
}

class DingTalkConnectionTest : public test::ConnectionTest {
protected:
    DingTalkConnectionTest() {
        answers[kRegister] = json{{"endpoint", sockets.url("/connect")}, {"ticket", "a+/="}}.dump();
    }
    void start() {
        AppOptions options;
        options.name = "app";
        options.id = "ding1";
        options.secret = "secret";
        options.platform = platformOf(url());
        app = std::make_shared<App>(loop, client, clock, std::move(options));
        connection = std::make_unique<StreamConnection>(loop, clock, random, client, app, inbound);
        connection->start();
    }
    void connect() {
        start();
        ASSERT_TRUE(until([this] { return connection->connected(); })) << connection->lastError();
    }
    ~DingTalkConnectionTest() override {
        if (connection) end(*connection);
    }
    /// Time passes in steps in which the peer can answer.
    bool within(Duration time, std::function<bool()> holds) {
        for (auto passed = Duration{}; passed <= time; passed += 1s) {
            if (loop.runUntil(holds, 20ms)) return true;
            clock.advance(1s);
        }
        return false;
    }

    std::shared_ptr<App> app;
    std::unique_ptr<StreamConnection> connection;
};

TEST_F(DingTalkConnectionTest, GivesUpAPeerThatAnswersNoPingForFiveSeconds) {
    sockets.then(halfOpen());
    sockets.then(listens);
    connect();
    clock.advance(4s);
    loop.runUntil([] { return false; }, 50ms);
    EXPECT_TRUE(connection->connected());
    clock.advance(1s);
    EXPECT_TRUE(until([this] { return !connection->connected(); }));
    EXPECT_EQ(connection->counts().dropped.at("silent connection"), 1u);
    EXPECT_TRUE(within(5s, [this] { return connection->connected(); }));
    EXPECT_EQ(asked[kRegister], 2) << "a ticket opens one connection";
}

TEST_F(DingTalkConnectionTest, OpensAnotherOneBesideAPeerThatOnlyAnswersPings) {
    sockets.then(listens);
    sockets.then(listens);
    connect();
    EXPECT_FALSE(within(80s, [this] { return sockets.connections() > 1; }));
    EXPECT_TRUE(within(40s, [this] { return sockets.connections() == 2 && connection->counts().connections == 2; }));
    EXPECT_TRUE(connection->connected());
    EXPECT_EQ(connection->counts().reconnects.at("silent"), 1u);
}

TEST_F(DingTalkConnectionTest, CountsWhatItDoesNotTakeAndLives) {
    sockets.then([](Session& session) {
        session.send("no JSON");
        session.send("bytes", true);
        session.send(R"({"type":"CALLBACK","data":7})");
        session.send(frameOf("/v1.0/other", {}));
        session.send(frameOf("*", {}, "TELEGRAM"));
        session.send(frameOf(kChatTopic, {{"msgId", 7}}));
        session.send(frameOf(kCardTopic, {{"outTrackId", nullptr}}));
        session.send(std::string((1 << 20) + 1, 'x'));
        session.send(frameOf(kChatTopic, messageData("throw")));
        session.send(frameOf(kChatTopic, messageData("alerts")));
        listens(session);
    });
    connect();
    ASSERT_TRUE(until([this] { return !inbound.messages.empty(); }));
    EXPECT_EQ(inbound.messages[0].text, "alerts");
    EXPECT_THAT(connection->counts().dropped,
                UnorderedElementsAre(Pair("malformed frame", 2), Pair("binary frame", 1), Pair("unknown topic", 1),
                                     Pair("unhandled event", 1), Pair("malformed message", 1),
                                     Pair("malformed press", 1), Pair("too long", 1), Pair("failure", 1)));
    EXPECT_EQ(sockets.connections(), 1u);
}

TEST_F(DingTalkConnectionTest, AsksAgainWhateverTheRegistrationAnswers) {
    for (const auto* strange :
         {R"({"endpoint":null,"ticket":"t"})", R"({"endpoint":"ws://x","ticket":7})", "[]", "7"}) {
        answers[kRegister] = strange;
        asked[kRegister] = 0;
        start();
        EXPECT_TRUE(within(10s, [this] { return asked[kRegister] >= 2; })) << strange;
        end(*connection);
        connection.reset();
    }
}

TEST_F(DingTalkConnectionTest, TakesNoTokenOfAnotherType) {
    answers["/v1.0/oauth2/accessToken"] = R"({"accessToken":7,"expireIn":"x"})";
    sockets.then(listens);
    connect();
    auto called = run(app->call("test", "POST", "/v1.0/card/instances", "{}"));
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().message, "the platform gave no token");
}

}  // namespace
}  // namespace klaw::notifiers::dingtalk
