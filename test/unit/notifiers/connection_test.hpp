#pragma once

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "base/net/http_server.hpp"
#include "notifiers/inbound.hpp"
#include "test/unit/notifiers/notifier_test.hpp"
#include "test/unit/played/played_websocket.hpp"

namespace klaw::notifiers::test {

/// Takes what comes in; a press is answered with its verb.
class HeardInbound final : public InboundHandler {
public:
    Task<PressAnswer> press(InboundPress press) override {
        presses.push_back(press);
        PressAnswer answer;
        answer.kind = PressAnswer::Kind::Success;
        answer.toast = "did " + press.verb;
        co_return answer;
    }
    void message(InboundMessage message) override {
        if (message.text.find("throw") != std::string::npos) throw std::runtime_error("odd message");
        messages.push_back(std::move(message));
    }

    std::vector<InboundMessage> messages;
    std::vector<InboundPress> presses;
};

/// A connection to a platform whose HTTP side answers by path and whose WebSockets play scenes.
class ConnectionTest : public NotifierTest {
protected:
    using Session = klaw::test::PlayedWebSocket::Session;

    ConnectionTest() : http(loop, {}, [this](net::ServerRequest request) { return answer(std::move(request)); }) {
        auto bound = http.listen();
        EXPECT_TRUE(bound);
        port = *bound;
    }
    ~ConnectionTest() override {
        over.set_value();
        tasks.spawn("end", http.stop(0ms));
        loop.runUntil([this] { return tasks.empty(); });
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        auto path = std::string(request.path());
        ++asked[path];
        bodies[path] = request.body;
        auto found = answers.find(path);
        co_return found == answers.end() ? net::ServerResponse::text(404, "")
                                         : net::ServerResponse::json(200, found->second);
    }
    bool until(std::function<bool()> holds) { return loop.runUntil(std::move(holds)); }
    void end(InboundConnection& connection) {
        tasks.spawn("stop", connection.stop());
        EXPECT_TRUE(until([this] { return tasks.empty(); }));
    }
    /// A peer that has gone without a word: nothing is read, nothing is sent.
    klaw::test::PlayedWebSocket::Scene halfOpen() const {
        return [until = ended](Session&) { until.wait(); };
    }
    static void listens(Session& session) {
        while (session.receive()) {
        }
    }

    net::HttpServer http;
    std::uint16_t port = 0;
    std::map<std::string, std::string> answers;  ///< by path
    std::map<std::string, int> asked;
    std::map<std::string, std::string> bodies;  ///< of the last request
    std::promise<void> over;
    std::shared_future<void> ended = over.get_future().share();
    klaw::test::PlayedWebSocket sockets;
    HeardInbound inbound;
};

}  // namespace klaw::notifiers::test
