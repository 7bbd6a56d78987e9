#include "base/net/websocket.hpp"

#include <atomic>
#include <future>

#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/net/net_test.hpp"
#include "test/unit/played/played_websocket.hpp"

namespace klaw::net::test {
namespace {

using klaw::test::PlayedWebSocket;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Session = PlayedWebSocket::Session;

class WebSocketTest : public NetTest {
protected:
    ~WebSocketTest() override {
        if (socket) socket->abort();
    }
    WebSocket::Opened open(const std::string& url, WebSocketOptions options = {}) {
        return run(WebSocket::open(loop, url, std::move(options)));
    }
    /// Plays the scene and connects to it.
    void meet(PlayedWebSocket::Scene scene, WebSocketOptions options = {}) {
        server.then(std::move(scene));
        auto opened = open(server.url(), std::move(options));
        ASSERT_TRUE(opened.socket) << opened.error.describe();
        socket = opened.socket;
    }
    Result<WebSocketMessage> receive() { return run(socket->receive()); }

    PlayedWebSocket server;
    std::shared_ptr<WebSocket> socket;
};

Task<void> waitForTheClient(ByteStream& stream) {
    std::string bytes(1024, '\0');
    IoResult outcome;
    while (!outcome.error) outcome = co_await stream.readSome(bytes);
}

void echo(Session& session) {
    while (auto message = session.receive()) session.send(message->data, message->binary);
}

TEST_F(WebSocketTest, CarriesTextAndBinaryBothWays) {
    meet(echo);
    socket->send({false, "你好"});
    socket->send({true, std::string("\0\xff", 2)});
    auto first = receive(), second = receive();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->data, "你好");
    EXPECT_FALSE(first->binary);
    EXPECT_EQ(second->data, std::string("\0\xff", 2));
    EXPECT_TRUE(second->binary);
}

TEST_F(WebSocketTest, AsksWithTheTargetAsItIsAndTheHeadersGiven) {
    WebSocketOptions options;
    options.userAgent = "klaw-test";
    options.headers.add("X-Extra", "1");
    server.then([](Session& session) {
        session.send(session.target() + " " + session.header("User-Agent") + " " + session.header("X-Extra"));
        session.receive();
    });
    auto opened = open(server.url("/ws?ticket=a%2Bb%3D&x=1"), options);
    ASSERT_TRUE(opened.socket) << opened.error.describe();
    socket = opened.socket;
    EXPECT_EQ(receive()->data, "/ws?ticket=a%2Bb%3D&x=1 klaw-test 1");
}

TEST_F(WebSocketTest, JoinsTheFragmentsOfAMessage) {
    std::string text(300'000, 'x');
    meet([&](Session& session) {
        session.sendInPieces(text, 70'001);
        session.receive();
    });
    EXPECT_EQ(receive()->data, text);
}

TEST_F(WebSocketTest, DropsWhatIsTooLongAndLives) {
    WebSocketOptions options;
    options.maxMessageBytes = 1000;
    meet(
        [](Session& session) {
            session.send(std::string(200'000, 'x'));
            session.send("after");
            session.receive();
        },
        options);
    auto tooLong = receive();
    ASSERT_FALSE(tooLong);
    EXPECT_EQ(tooLong.error().code, ErrorCode::ResourceExhausted);
    EXPECT_THAT(tooLong.error().message, HasSubstr("200000 bytes"));
    EXPECT_EQ(receive()->data, "after");
}

TEST_F(WebSocketTest, AnswersPingsWhileReceivingAndHearsPongs) {
    std::atomic<std::uint64_t> pongs = 0;
    meet([&](Session& session) {
        session.ping();
        session.send("begin");
        session.receive();
        pongs = session.pongs();
        session.send("end");
        session.receive();
    });
    auto before = socket->heard();
    EXPECT_EQ(receive()->data, "begin");
    socket->ping();
    socket->send({false, "now"});
    EXPECT_EQ(receive()->data, "end");
    EXPECT_EQ(pongs, 1u);
    EXPECT_EQ(socket->heard(), before + 4);  // its ping, its pong, two messages
}

TEST_F(WebSocketTest, TellsWhyAnUpgradeWasRefused) {
    server.thenRefuse(403, {{"Handshake-Status", "514"}, {"Handshake-Autherrcode", "1000040350"}});
    auto opened = open(server.url("/ws?ticket=secret"));
    EXPECT_FALSE(opened.socket);
    EXPECT_EQ(opened.status, 403);
    EXPECT_EQ(opened.headers.get("handshake-autherrcode"), "1000040350");
    EXPECT_EQ(opened.error.code, ErrorCode::PermissionDenied);
    EXPECT_THAT(opened.error.describe(), Not(HasSubstr("secret")));
}

TEST_F(WebSocketTest, GivesUpOnAServerThatDoesNotAnswer) {
    RawServer silent(loop, tasks, waitForTheClient);
    WebSocketOptions options;
    options.openTimeout = 50ms;
    auto opened = open("ws" + silent.url().substr(4), options);
    EXPECT_FALSE(opened.socket);
    EXPECT_EQ(opened.error.code, ErrorCode::DeadlineExceeded);
}

TEST_F(WebSocketTest, RefusesAnAddressOfSomethingElse) {
    EXPECT_EQ(open("https://example.org/").error.code, ErrorCode::InvalidArgument);
}

TEST_F(WebSocketTest, EndsWhenTheOtherSideSaysGoodbye) {
    meet([](Session& session) { session.close(); });
    auto ended = receive();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(ended.error().message, HasSubstr("1001"));
}

TEST_F(WebSocketTest, EndsWhenTheConnectionBreaks) {
    meet([](Session& session) { session.abort(); });
    EXPECT_EQ(receive().error().code, ErrorCode::Unavailable);
}

TEST_F(WebSocketTest, SaysGoodbyeItself) {
    std::promise<bool> gone;
    meet([&](Session& session) { gone.set_value(!session.receive()); });
    auto close = [](std::shared_ptr<WebSocket> of) -> Task<bool> {
        co_await of->close(2s);
        co_return true;
    };
    EXPECT_TRUE(run(close(socket)));
    EXPECT_TRUE(gone.get_future().get());
}

TEST_F(WebSocketTest, EndsReceivingWhenTheTaskIsCancelled) {
    meet(echo);
    TaskGroup group(loop, nullptr);
    std::optional<ErrorCode> outcome;
    auto wait = [](std::shared_ptr<WebSocket> of, std::optional<ErrorCode>& into) -> Task<void> {
        auto received = co_await of->receive();
        into = received ? ErrorCode::Internal : received.error().code;
    };
    group.spawn("receiver", wait(socket, outcome));
    loop.poll();
    bool stopped = false;
    auto stop = [](TaskGroup& all, bool& done) -> Task<void> {
        co_await all.stop();
        done = true;
    };
    tasks.spawn("stop", stop(group, stopped));
    EXPECT_TRUE(loop.runUntil([&] { return stopped; }));
    EXPECT_EQ(outcome, ErrorCode::Cancelled);
    socket->abort();
}

TEST_F(WebSocketTest, KeepsMessagesOfManySendersWholeAndInOrder) {
    meet(echo);
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i)
        sent.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 50, '.'));
    for (const auto& text : sent) socket->send({false, text});
    std::vector<std::string> received;
    for (int i = 0; i < 200; ++i) received.push_back(receive()->data);
    EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace klaw::net::test
