#include "agent/serve/leader_relay.hpp"

#include <gmock/gmock.h>

#include "base/async/task_group.hpp"

namespace klaw::serve {
namespace {

using net::HttpRequest;
using net::ServerRequest;
using net::ServerResponse;
using testing::HasSubstr;

/// A standby before a leader, each with a listener of its own.
class LeaderRelayTest : public testing::Test {
protected:
    LeaderRelayTest() {
        auto port = leader.listen();
        EXPECT_TRUE(port);
        address = "http://127.0.0.1:" + std::to_string(port.value_or(0));
        auto own = standby.listen();
        EXPECT_TRUE(own);
        url = "http://127.0.0.1:" + std::to_string(own.value_or(0));
    }
    ~LeaderRelayTest() override {
        run(stop(standby));
        run(stop(leader));
    }

    Task<ServerResponse> lead(ServerRequest request) {
        seen = std::move(request);
        auto response = ServerResponse::text(202, "taken by the leader");
        response.headers.add("Mcp-Session-Id", "7");
        co_return response;
    }
    Task<ServerResponse> standBy(ServerRequest request) {
        if (!LeaderRelay::passes(request)) co_return ServerResponse::text(404, "not passed on");
        auto answer = co_await relay.pass(std::move(request));
        if (!answer) co_return ServerResponse::text(503, answer.error().message);
        co_return std::move(*answer);
    }
    Result<net::HttpResponse> post(const std::string& target, std::string body = {}) {
        HttpRequest request("POST", url + target);
        request.headers.add("X-Lark-Signature", "5ea1");
        request.headers.add("Connection", "close");
        request.headers.add("Host", "klaw.example.com");
        request.headers.add("X-Forwarded-For", "10.0.0.9");
        request.body = std::move(body);
        return run(client.send(std::move(request), 5s));
    }
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        tasks.spawn("test", keep(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); }, 10s)) << "the task did not end";
        return std::move(result.value());
    }
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& result) {
        result.emplace(co_await std::move(task));
    }
    static Task<bool> stop(net::HttpServer& server) {
        co_await server.stop(1s);
        co_return true;
    }

    Loop loop;
    TaskGroup tasks{loop, [](std::string name, std::string what) { ADD_FAILURE() << name << ": " << what; }};
    std::string address, url;
    std::optional<ServerRequest> seen;
    net::HttpClient client{loop, net::HttpClientOptions()};
    LeaderRelay relay{loop, [this] { return address; }};
    net::HttpServer leader{loop, {}, [this](ServerRequest request) { return lead(std::move(request)); }};
    net::HttpServer standby{loop, {}, [this](ServerRequest request) { return standBy(std::move(request)); }};
};

TEST_F(LeaderRelayTest, PassesACallbackOnAsItCame) {
    auto answer = post("/callback/klaw-feishu/card?nonce=a%20b", "sealed\0bytes");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->body, "taken by the leader");
    EXPECT_EQ(answer->headers.get("Mcp-Session-Id"), "7");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->method, "POST");
    EXPECT_EQ(seen->target, "/callback/klaw-feishu/card?nonce=a%20b");
    EXPECT_EQ(seen->body, std::string("sealed\0bytes"));
    EXPECT_EQ(seen->headers.get("X-Lark-Signature"), "5ea1");
    EXPECT_EQ(seen->headers.get("X-Forwarded-For"), "10.0.0.9, 127.0.0.1");
    EXPECT_EQ(seen->headers.get("Host"), "klaw.example.com") << "by which /mcp judges who asks";
}

TEST_F(LeaderRelayTest, PassesAlertsAndQuestionsOfProgramsOnAndNothingElse) {
    EXPECT_EQ(post("/api/alertmanager?cluster=main")->status, 202);
    EXPECT_EQ(post("/mcp")->status, 202);
    for (const char* own : {"/api/do", "/api/press", "/metrics", "/readyz", "/callback", "/mcp/more", "/"}) {
        seen.reset();
        EXPECT_EQ(post(own)->status, 404) << own;
        EXPECT_FALSE(seen) << own;
    }
}

TEST_F(LeaderRelayTest, PassesNothingOnTwice) {
    address = url;  // while the lead changes, it may take itself or another standby for the leader
    auto answer = post("/mcp");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->status, 404);
    EXPECT_FALSE(seen);
}

TEST_F(LeaderRelayTest, SaysWhenNobodyLeadsOrAnswers) {
    address.clear();
    EXPECT_THAT(post("/mcp")->body, HasSubstr("not known where the leader is"));
    address = "http://127.0.0.1:1";
    auto answer = post("/mcp");
    EXPECT_EQ(answer->status, 503);
    EXPECT_THAT(answer->body, HasSubstr("the leader does not answer"));
}

}  // namespace
}  // namespace klaw::serve
