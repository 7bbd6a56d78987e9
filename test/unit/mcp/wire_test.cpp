// What goes over the wire: a line in, a line out.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/mcp/http_endpoint.hpp"
#include "agent/mcp/stdio_session.hpp"
#include "test/unit/mcp/fake_host.hpp"

namespace klaw::mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr auto handshake =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"openclaw","version":"1"}}})";
const std::string envelope =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";

class McpWire : public testing::Test {
protected:
    /// A line of a client on standard input; what it gets back, empty for nothing.
    std::string line(std::string_view text) {
        auto step = session.take(text);
        if (auto* reply = std::get_if<StdioSession::Reply>(&step)) return reply->line;
        auto* forward = std::get_if<StdioSession::Forward>(&step);
        if (!forward) return {};
        EXPECT_TRUE(session.wants(forward->message.id));
        std::optional<std::optional<Json>> answer;
        tasks.spawn("answer", answering(std::move(forward->message), answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value() && tasks.empty(); }));
        return answer && *answer ? onOneLine(**answer) : std::string();
    }
    Task<void> answering(Message message, std::optional<std::optional<Json>>& into) {
        auto principal = reader();
        into = co_await server.answer(std::move(principal), std::move(message));
    }

    Loop loop;
    FakeHost host;
    Server server{host, "1.2.3"};
    StdioSession session;
    TaskGroup tasks{loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; }};
};

TEST_F(McpWire, HandshakeAgreesOnTheVersionAskedFor) {
    auto answer = line(handshake);
    EXPECT_THAT(
        answer,
        testing::StartsWith(
            R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":false}},"serverInfo":{"name":"klaw","title":"Klaw","version":"1.2.3"},"instructions":")"));
    EXPECT_EQ(session.client(), "openclaw 1");
}

TEST(McpVersions, UnknownOnesGetTheNewestOfTheHandshake) {
    EXPECT_EQ(agreedVersion("2024-11-05"), "2024-11-05");
    EXPECT_EQ(agreedVersion("2025-03-26"), "2025-03-26");
    EXPECT_EQ(agreedVersion("1999-01-01"), "2025-11-25");
    EXPECT_EQ(agreedVersion("2026-07-28"), "2025-11-25");
}

TEST_F(McpWire, RequestsAndTheirAnswers) {
    line(handshake);
    const std::pair<std::string, std::string> table[] = {
        {R"({"jsonrpc":"2.0","id":1,"method":"ping"})", R"({"jsonrpc":"2.0","id":1,"result":{}})"},
        {R"({"jsonrpc":"2.0","id":"a","method":"ping"})", R"({"jsonrpc":"2.0","id":"a","result":{}})"},
        {R"({"jsonrpc":"2.0","method":"notifications/initialized"})", ""},
        {R"({"jsonrpc":"2.0","id":7,"result":{}})", ""},
        {"", ""},
        {"   ", ""},
        {R"({"jsonrpc":"2.0","id":2,"method":"resources/list"})",
         R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"there is no method \"resources/list\""}})"},
        {R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"exec"}})",
         R"({"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"there is no tool \"exec\""}})"},
        {R"({"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}})",
         R"({"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"params.name is missing"}})"},
        {R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"alerts_list","arguments":[]}})",
         R"({"jsonrpc":"2.0","id":5,"error":{"code":-32602,"message":"arguments must be an object"}})"},
        {R"({"jsonrpc":"2.0","id":6,"method":"tools/list","params":{"cursor":"x"}})",
         R"({"jsonrpc":"2.0","id":6,"error":{"code":-32602,"message":"there is no such cursor: the list has one page"}})"},
        {R"({"jsonrpc":"2.0","id":8,"method":"ping","params":[]})",
         R"({"jsonrpc":"2.0","id":8,"error":{"code":-32602,"message":"params must be an object"}})"},
        {"{", R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"this is no JSON"}})"},
        {"[]",
         R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batches are not taken: send one message at a time"}})"},
        {"7", R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a message is an object"}})"},
        {R"({"id":9,"method":"ping"})",
         R"({"jsonrpc":"2.0","id":9,"error":{"code":-32600,"message":"\"jsonrpc\" must be \"2.0\""}})"},
        {R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
         R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"an id is a string or an integer"}})"},
        {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})",
         R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"an id is a string or an integer"}})"},
        {R"({"jsonrpc":"2.0","id":10})",
         R"({"jsonrpc":"2.0","id":10,"error":{"code":-32600,"message":"there is no method"}})"},
    };
    for (const auto& [asked, answer] : table) EXPECT_EQ(line(asked), answer) << asked;
}

TEST_F(McpWire, MessageThatWouldTakeLongToReadIsRefused) {
    std::string many = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{)";
    for (int i = 0; i < 1001; ++i) many += fmt::format(R"({}"k{}":1)", i ? "," : "", i);
    EXPECT_THAT(line(many + "}}"), HasSubstr("more than 1000 members"));
    EXPECT_THAT(line(std::string((320u << 10) + 1, ' ') + "{}"), HasSubstr("longer than 320 KiB"));
    auto colons = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":")" + std::string(5000, ':') + R"("}})";
    EXPECT_THAT(line(colons), HasSubstr(R"("result")"));
}

TEST_F(McpWire, SoManyRequestsWaitAtOnce) {
    line(handshake);
    auto asked = [&](int id) {
        auto step = session.take(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"ping"}})", id));
        return std::holds_alternative<StdioSession::Forward>(step);
    };
    constexpr int most = StdioSession::mostWaiting;
    auto taken = static_cast<int>(session.waiting());
    for (auto id = taken; id < most; ++id) EXPECT_TRUE(asked(100 + id));
    EXPECT_FALSE(asked(200));
    EXPECT_TRUE(session.wants(99 + most));
    EXPECT_TRUE(asked(201));
}

TEST_F(McpWire, CallGivesTheSameAsTextAndAsStructure) {
    line(handshake);
    EXPECT_EQ(
        line(
            R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"resources_list","arguments":{"kind":"pods"}}})"),
        R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\n  \"rows\": [\n    {\n      \"name\": \"web-0\"\n    }\n  ],\n  \"cut\": false,\n  \"untrusted\": [\n    \"rows\"\n  ]\n}"}],"structuredContent":{"rows":[{"name":"web-0"}],"cut":false,"untrusted":["rows"]},"isError":false}})");
    EXPECT_THAT(host.calls, ElementsAre(R"(feishu:ou_li resources_list {"kind":"pods"})"));
}

TEST_F(McpWire, FailedCallIsAResultThatTheModelCanRead) {
    line(handshake);
    auto answer =
        line(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"alert_get","arguments":{"id":"x"}}})");
    EXPECT_THAT(answer, HasSubstr(R"("isError":true)"));
    EXPECT_THAT(answer, Not(HasSubstr("structuredContent")));
    EXPECT_THAT(answer, Not(HasSubstr("im_start")));
    EXPECT_THAT(answer, HasSubstr(R"(\"untrusted\": [\n    \"error\"\n  ])"));
}

TEST_F(McpWire, StatelessEraNeedsNoHandshake) {
    auto discovered = line(R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{)" + envelope + "}}");
    EXPECT_THAT(discovered, HasSubstr(R"("supportedVersions":["2026-07-28"])"));
    EXPECT_THAT(discovered, HasSubstr(R"("ttlMs":60000,"cacheScope":"private","resultType":"complete")"));
    EXPECT_THAT(discovered, HasSubstr(R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"klaw")"));
    auto listed = line(R"({"jsonrpc":"2.0","id":2,"method":"tools/list","params":{)" + envelope + "}}");
    EXPECT_THAT(listed, HasSubstr(R"("ttlMs":60000,"cacheScope":"private","resultType":"complete")"));
    auto called =
        line(R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"alerts_list",)" + envelope + "}}");
    EXPECT_THAT(called, HasSubstr(R"("resultType":"complete")"));
    EXPECT_THAT(line(R"({"jsonrpc":"2.0","id":4,"method":"ping","params":{)" + envelope + "}}"), HasSubstr("-32601"));
}

TEST_F(McpWire, EnvelopeMustBeWholeAndOfAKnownVersion) {
    EXPECT_THAT(line(R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})"), HasSubstr("-32602"));
    EXPECT_THAT(
        line(
            R"({"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})"),
        HasSubstr("-32602"));
    EXPECT_THAT(
        line(
            R"({"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}})"),
        HasSubstr(R"("code":-32022,)"));
    EXPECT_THAT(
        line(
            R"({"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}})"),
        HasSubstr(R"("data":{"supported":["2026-07-28"],"requested":"2030-01-01"})"));
}

TEST_F(McpWire, FirstRequestDecidesTheEra) {
    line(handshake);
    EXPECT_THAT(line(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{)" + envelope + "}}"),
                HasSubstr("-32600"));
    session = StdioSession();
    line(R"({"jsonrpc":"2.0","id":2,"method":"server/discover","params":{)" + envelope + "}}");
    EXPECT_THAT(line(handshake), HasSubstr(R"("code":-32022)"));
    EXPECT_THAT(line(R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})"), HasSubstr("-32602"));
}

TEST_F(McpWire, CancelledRequestGetsNoAnswer) {
    line(handshake);
    session.take(R"({"jsonrpc":"2.0","id":5,"method":"tools/list"})");
    session.take(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5,"reason":"late"}})");
    EXPECT_FALSE(session.wants(Json(5)));
    session.take(R"({"jsonrpc":"2.0","id":"5","method":"tools/list"})");
    EXPECT_FALSE(session.wants(Json(5))) << "a text is another id than a number";
    EXPECT_TRUE(session.wants(Json("5")));
}

class McpHttp : public testing::Test {
protected:
    net::ServerResponse send(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {},
                             const std::string& method = "POST") {
        net::ServerRequest request;
        request.method = method;
        request.target = "/mcp";
        request.body = body;
        for (const auto& [name, value] :
             std::vector<std::pair<std::string, std::string>>{{"Host", "127.0.0.1:8917"},
                                                              {"Authorization", "Bearer secret"},
                                                              {"Content-Type", "application/json"},
                                                              {"Accept", "application/json, text/event-stream"}})
            request.headers.add(name, value);
        for (const auto& [name, value] : headers) request.headers.set(name, value);
        std::optional<net::ServerResponse> response;
        tasks.spawn("request", answering(std::move(request), response));
        EXPECT_TRUE(loop.runUntil([&] { return response.has_value() && tasks.empty(); }));
        return response.value_or(net::ServerResponse());
    }
    Task<void> answering(net::ServerRequest request, std::optional<net::ServerResponse>& into) {
        AllowedHosts hosts;
        hosts.names.emplace_back("klaw.example.com");
        into = co_await endpoint.handle(std::move(request), std::move(hosts));
    }

    Loop loop;
    FakeHost host;
    HttpEndpoint endpoint{Server(host, "1"), [](const net::ServerRequest& request) -> std::optional<Principal> {
                              if (request.headers.get("Authorization") != "Bearer secret") return std::nullopt;
                              return reader();
                          }};
    TaskGroup tasks{loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; }};
    const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
    const std::vector<std::pair<std::string, std::string>> stateless{
        {"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/call"}, {"Mcp-Name", "alerts_list"}};
    const std::string call =
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"alerts_list",)" + envelope + "}}";
};

TEST_F(McpHttp, StatusSaysWhatIsWrongWithARequest) {
    EXPECT_EQ(send(ping).status, 200);
    EXPECT_EQ(send(ping, {{"Authorization", "Bearer other"}}).status, 401);
    EXPECT_EQ(send(ping, {{"Host", "evil.example.org"}}).status, 421);
    EXPECT_EQ(send(ping, {{"Host", "127.0.0.1.evil.example.org"}}).status, 421);
    EXPECT_EQ(send(ping, {{"Host", "klaw.example.com"}}).status, 200);
    EXPECT_EQ(send(ping, {{"Origin", "https://evil.example.org"}}).status, 403);
    EXPECT_EQ(send(ping, {{"Origin", "http://localhost:3000"}}).status, 200);
    EXPECT_EQ(send(ping, {{"Content-Type", "text/plain"}}).status, 400);
    EXPECT_EQ(send(ping, {{"Accept", "text/event-stream"}}).status, 406);
    EXPECT_EQ(send("{").status, 400);
    EXPECT_EQ(send("[]").status, 400);
    EXPECT_EQ(send(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").status, 202);
    EXPECT_EQ(send(R"({"jsonrpc":"2.0","id":1,"result":{}})").status, 202);
}

TEST_F(McpHttp, UnknownVersionIsRefused) {
    EXPECT_EQ(send(ping, {{"MCP-Protocol-Version", "2025-06-18"}}).status, 200);
    EXPECT_EQ(send(ping, {{"MCP-Protocol-Version", "1999-01-01"}}).status, 400);
}

TEST_F(McpHttp, OnlyPostIsTaken) {
    auto refused = send("", {}, "GET");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.get("Allow"), "POST");
    EXPECT_EQ(send("", {}, "DELETE").status, 405);
    EXPECT_TRUE(send(ping, {{"Authorization", ""}}).headers.get("WWW-Authenticate"));
}

TEST_F(McpHttp, HeadersOfTheStatelessEraSayWhatTheBodySays) {
    EXPECT_EQ(send(call, stateless).status, 200);
    for (const auto* header : {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"}) {
        auto changed = stateless;
        for (auto& [name, value] : changed)
            if (name == header) value = "other";
        auto refused = send(call, changed);
        EXPECT_EQ(refused.status, 400) << header;
        EXPECT_THAT(refused.body, HasSubstr("-32020")) << header;
    }
    EXPECT_THAT(send(call).body, HasSubstr("-32020"));
    auto encoded = stateless;
    encoded.back().second = "=?base64?YWxlcnRzX2xpc3Q=?=";
    EXPECT_EQ(send(call, encoded).status, 200);
}

TEST_F(McpHttp, UnknownMethodIsNotFoundInTheStatelessEraOnly) {
    auto unknown = R"({"jsonrpc":"2.0","id":1,"method":"resources/list","params":{)" + envelope + "}}";
    EXPECT_EQ(send(unknown, {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "resources/list"}}).status, 404);
    EXPECT_EQ(send(R"({"jsonrpc":"2.0","id":1,"method":"resources/list"})").status, 200);
}

}  // namespace
}  // namespace klaw::mcp
