#include <nlohmann/json.hpp>

#include "notifiers/feishu/long_connection.hpp"
#include "test/unit/notifiers/connection_test.hpp"

namespace klaw::notifiers::feishu {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string dataFrame(const json& event, const std::string& id, const std::string& type = "event") {
    Frame frame;
    frame.service = 7;
    frame.method = Frame::data;
    frame.headers = {{"type", type}, {"message_id", id}, {"sum", "1"}, {"seq", "0"}, {"trace_id", "t"}};
    frame.payload = event.dump();
    return encodeFrame(frame);
}

json messageEvent(const std::string& text) {
    auto content = json{{"text", text}}.dump();
    json sender{{"sender_type", "user"}, {"sender_id", {{"open_id", "ou_li"}}}};
    json message{{"message_id", "om_1"}, {"chat_id", "oc_1"}, {"chat_type", "p2p"}, {"message_type", "text"}};
    message["content"] = content;
    return {{"header", {{"event_id", "e"}, {"event_type", "im.message.receive_v1"}, {"app_id", "cli_a"}}},
            {"event", {{"sender", sender}, {"message", message}}}};
}

json pressEvent() {
    json action{{"value", {{"n", "nonce"}, {"verb", "ack"}}}};
    return {{"header", {{"event_id", "f"}, {"event_type", "card.action.trigger"}, {"app_id", "cli_a"}}},
            {"event", {{"operator", {{"open_id", "ou_li"}}}, {"action", action}}}};
}

class FeishuConnectionTest : public test::ConnectionTest {
protected:
    FeishuConnectionTest() {
        answers["/callback/ws/endpoint"] =
            json{{"code", 0},
                 {"data", {{"URL", sockets.url("/ws?fpid=1&device_id=d&service_id=7")}, {"ClientConfig", config}}}}
                .dump();
        answers["/open-apis/auth/v3/tenant_access_token/internal"] =
            R"({"code":0,"tenant_access_token":"t-1","expire":7200})";
        answers["/open-apis/bot/v3/info"] = R"({"code":0,"bot":{"open_id":"ou_bot"}})";
    }
    void connect() {
        AppOptions options;
        options.name = "app";
        options.id = "cli_a";
        options.secret = "secret";
        options.url = url();
        app = std::make_shared<App>(loop, client, clock, random, std::move(options));
        connection = std::make_unique<LongConnection>(loop, clock, random, client, app, inbound);
        connection->start();
        ASSERT_TRUE(until([this] { return connection->connected(); })) << connection->lastError();
        loop.poll();  // the first ping leaves
    }
    ~FeishuConnectionTest() override {
        if (connection) end(*connection);
    }
    bool isDown() {
        return until([this] { return !connection->connected(); });
    }
    bool isUpAgain() {
        for (int i = 0; i < 70 && !connection->connected(); ++i) {
            clock.advance(1s);
            loop.runUntil([this] { return connection->connected(); }, 50ms);
        }
        return connection->connected();
    }

    json config{{"PingInterval", 120}, {"ReconnectInterval", 1}, {"ReconnectNonce", 0}};
    std::shared_ptr<App> app;
    std::unique_ptr<LongConnection> connection;
};

TEST_F(FeishuConnectionTest, GivesUpAPeerThatSaysNothingTenSecondsAfterAPing) {
    sockets.then(listens);  // hears the ping, and never answers
    sockets.then(listens);
    connect();
    clock.advance(9s);
    loop.runUntil([] { return false; }, 50ms);
    EXPECT_TRUE(connection->connected());
    clock.advance(1s);
    EXPECT_TRUE(isDown());
    EXPECT_EQ(connection->counts().dropped.at("silent connection"), 1u);
    EXPECT_TRUE(isUpAgain());
    EXPECT_EQ(asked["/callback/ws/endpoint"], 2) << "a ticket opens one connection";
}

TEST_F(FeishuConnectionTest, GivesUpAPeerThatHasGoneWithoutAWord) {
    sockets.then(halfOpen());
    sockets.then(listens);
    connect();
    clock.advance(10s);
    EXPECT_TRUE(isDown());
    EXPECT_TRUE(isUpAgain());
}

TEST_F(FeishuConnectionTest, KeepsAPeerThatAnswersItsPings) {
    sockets.then([](Session& session) {
        while (auto ping = session.receive()) {
            auto frame = decodeFrame(ping->data);
            frame->headers = {{"type", "pong"}};
            session.send(encodeFrame(*frame), true);
        }
    });
    connect();
    for (std::uint64_t pongs = 1; pongs <= 5; ++pongs) {
        auto counted = [&] {
            return connection->counts().frames.contains("pong") && connection->counts().frames.at("pong") >= pongs;
        };
        ASSERT_TRUE(until(counted)) << pongs;
        clock.advance(120s);
    }
    EXPECT_TRUE(connection->connected());
    EXPECT_EQ(sockets.connections(), 1u);
}

TEST_F(FeishuConnectionTest, CountsWhatItDoesNotTakeAndLives) {
    sockets.then([](Session& session) {
        session.send("text", false);
        session.send("\xff\xff no frame", true);
        session.send(dataFrame(messageEvent("hello"), "m-1", "telegram"), true);
        session.send(std::string(Fragments::maxBytes + 1, 'x'), true);
        session.send(dataFrame(json{{"header", 7}}, "m-2"), true);
        session.send(dataFrame(messageEvent("throw"), "m-3"), true);
        session.send(dataFrame(messageEvent("alerts"), "m-4"), true);
        listens(session);
    });
    connect();
    ASSERT_TRUE(until([this] { return !inbound.messages.empty(); }));
    EXPECT_EQ(inbound.messages[0].text, "alerts");
    EXPECT_THAT(connection->counts().dropped,
                UnorderedElementsAre(Pair("text frame", 1), Pair("malformed frame", 1), Pair("unknown frame", 1),
                                     Pair("too long", 1), Pair("malformed event", 1), Pair("failure", 1)));
    EXPECT_EQ(sockets.connections(), 1u);
}

TEST_F(FeishuConnectionTest, AnswersAPressWithWhatIsSaidAndEverythingOfRouting) {
    std::promise<Frame> answered;
    sockets.then([&](Session& session) {
        session.send(dataFrame(pressEvent(), "m-1"), true);
        while (auto message = session.receive()) {
            auto frame = decodeFrame(message->data);
            if (!frame || frame->method != Frame::data) continue;
            answered.set_value(*frame);
            session.send("wakes the loop of the test");
        }
    });
    connect();
    auto answer = answered.get_future();
    ASSERT_TRUE(until([&] { return answer.wait_for(0s) == std::future_status::ready; }));
    auto frame = answer.get();
    EXPECT_EQ(frame.header("message_id"), "m-1");
    EXPECT_EQ(frame.header("trace_id"), "t");
    EXPECT_EQ(json::parse(frame.payload)["code"], 200);
    EXPECT_EQ(inbound.presses.at(0).nonce, "nonce");
}

TEST_F(FeishuConnectionTest, StandsWhateverThePlatformSaysOfTheBot) {
    for (const auto* strange : {R"({"code":0,"bot":{"open_id":null}})", R"({"code":0,"bot":{"open_id":7}})",
                                R"({"code":0,"bot":[]})", "[]"}) {
        answers["/open-apis/bot/v3/info"] = strange;
        sockets.then(listens);
        connect();
        EXPECT_TRUE(connection->connected()) << strange;
        end(*connection);
        connection.reset();
    }
}

TEST_F(FeishuConnectionTest, TakesNoTokenOfAnotherType) {
    for (const auto* strange :
         {R"({"code":0,"tenant_access_token":7,"expire":7200})", R"({"code":0,"tenant_access_token":null})"}) {
        answers["/open-apis/auth/v3/tenant_access_token/internal"] = strange;
        sockets.then(listens);
        connect();
        auto called = run(app->call("test", "GET", "/open-apis/bot/v3/info", {}));
        ASSERT_FALSE(called) << strange;
        EXPECT_EQ(called.error().message, "the platform gave no token");
        end(*connection);
        connection.reset();
    }
}

}  // namespace
}  // namespace klaw::notifiers::feishu
