#include "base/net/http_client.hpp"

#include "base/async/loop_condition.hpp"
#include "test/unit/net/net_test.hpp"

namespace klaw::net::test {

namespace {

using testing::HasSubstr;
using testing::Not;

const std::string okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Task<void> closeUnread(ByteStream&) {
    co_return;
}

Task<void> closeAfterReading(ByteStream& stream) {
    co_await readRequestHead(stream);
}

Task<void> waitForTheClient(ByteStream& stream) {
    std::string bytes(1024, '\0');
    IoResult outcome;
    while (!outcome.error) outcome = co_await stream.readSome(bytes);
}

Task<void> answerThenClose(ByteStream& stream, std::string answer) {
    co_await readRequestHead(stream);
    co_await stream.writeAll(answer);
}

Task<void> answerByteByByte(ByteStream& stream, std::string answer) {
    co_await readRequestHead(stream);
    for (std::size_t i = 0; i < answer.size(); ++i) {
        auto byte = std::string_view(answer).substr(i, 1);
        co_await stream.writeAll(byte);
    }
}

Task<void> recordAndAnswer(ByteStream& stream, std::string& recorded) {
    recorded = co_await readRequestHead(stream);
    co_await stream.writeAll(okAnswer);
}

/// Answers the first request, then closes as soon as the second has arrived or before, without an answer.
Task<void> answerOnce(ByteStream& stream, int& connections, bool readSecond) {
    co_await readRequestHead(stream);
    co_await stream.writeAll(okAnswer);
    if (readSecond && ++connections == 1) co_await readRequestHead(stream);
}

Task<void> answerWhen(ByteStream& stream, LoopCondition& changed, bool& allowed) {
    co_await readRequestHead(stream);
    std::function<bool()> isAllowed = [&allowed] { return allowed; };
    co_await changed.until(std::move(isAllowed));
    co_await stream.writeAll(okAnswer);
}

RawServer::Script closingAfter(std::string answer) {
    return [answer = std::move(answer)](ByteStream& stream) { return answerThenClose(stream, answer); };
}

std::string urlOfClosedPort(Loop& loop) {
    boost::asio::ip::tcp::acceptor unused(loop.executor(), {boost::asio::ip::address_v4::loopback(), 0});
    return "http://127.0.0.1:" + std::to_string(unused.local_endpoint().port()) + "/";
}

}  // namespace

class Client : public NetTest {
protected:
    HttpClient client{loop, HttpClientOptions()};
};

TEST_F(Client, SaysUnavailableAndSafeToRetryWhenNobodyListens) {
    auto response = send(client, HttpRequest("POST", urlOfClosedPort(loop)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(response.error().retry.kind, Retry::Kind::Later);
    EXPECT_THAT(response.error().message, HasSubstr("refused"));
    EXPECT_FALSE(response.error().remedy.empty());
}

TEST_F(Client, SaysOutcomeUnknownWhenTheConnectionEndsAfterTheRequestWasSent) {
    RawServer server(loop, tasks, closeAfterReading);
    auto posted = send(client, HttpRequest("POST", server.url()));
    ASSERT_FALSE(posted);
    EXPECT_EQ(posted.error().code, ErrorCode::OutcomeUnknown);
    EXPECT_EQ(posted.error().retry.kind, Retry::Kind::Never);
    auto got = send(client, HttpRequest("GET", server.url()));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::OutcomeUnknown);
    EXPECT_EQ(got.error().retry.kind, Retry::Kind::Later) << "reading twice does no harm";
    EXPECT_EQ(server.connections(), 2) << "a fresh connection is not replaced by itself";
}

TEST_F(Client, SaysUnavailableWhenTheServerLeavesBeforeTheRequestIsOut) {
    RawServer server(loop, tasks, closeUnread);
    HttpRequest request("POST", server.url());
    request.body.assign(32u << 20, 'x');
    auto response = send(client, request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(response.error().retry.kind, Retry::Kind::Later);
}

TEST_F(Client, ReusesAConnectionWhoseAnswerWasReadToItsEnd) {
    RawServer server(loop, tasks, answering({okAnswer, okAnswer, okAnswer}));
    for (int i = 0; i < 3; ++i) {
        auto response = send(client, HttpRequest("POST", server.url()));
        ASSERT_TRUE(response) << response.error().describe();
        EXPECT_EQ(response->body, "ok");
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Client, ReplacesAPooledConnectionThatWasClosedMeanwhileEvenForPost) {
    RawServer server(loop, tasks, answering({okAnswer}));
    for (int i = 1; i <= 3; ++i) {
        auto response = send(client, HttpRequest("POST", server.url()));
        ASSERT_TRUE(response) << response.error().describe();
        EXPECT_EQ(server.connections(), i);
        loop.poll();
    }
}

TEST_F(Client, RepeatsAGetOnceWhenThePooledConnectionEndsUnderIt) {
    int connections = 0;
    RawServer server(loop, tasks, [&](ByteStream& stream) { return answerOnce(stream, connections, true); });
    ASSERT_TRUE(send(client, HttpRequest("GET", server.url())));
    auto second = send(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(second) << second.error().describe();
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Client, DoesNotRepeatAPostThatThePooledConnectionMayHaveDelivered) {
    int connections = 0;
    RawServer server(loop, tasks, [&](ByteStream& stream) { return answerOnce(stream, connections, true); });
    ASSERT_TRUE(send(client, HttpRequest("GET", server.url())));
    auto second = send(client, HttpRequest("POST", server.url()));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::OutcomeUnknown);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Client, PassesOnAnyStatusWithoutCallingItAnError) {
    RawServer server(loop, tasks, answering({"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"}));
    auto response = send(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->headers.get("retry-after"), "7");
    EXPECT_EQ(response->body, "busy");
}

TEST_F(Client, SkipsInformationalAnswers) {
    RawServer server(
        loop, tasks,
        closingAfter("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + okAnswer));
    auto response = send(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "ok");
}

TEST_F(Client, UnderstandsAnAnswerThatArrivesByteByByte) {
    std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
    RawServer server(loop, tasks, [=](ByteStream& stream) { return answerByteByByte(stream, answer); });
    auto response = send(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, "hello world");
}

TEST_F(Client, ReadsABodyThatEndsWithTheConnection) {
    RawServer server(loop, tasks, closingAfter("HTTP/1.0 200 OK\r\n\r\nall of it"));
    auto response = send(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, "all of it");
}

TEST_F(Client, ReadsNoBodyAfterHead) {
    RawServer server(loop, tasks, answering({"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", okAnswer}));
    auto response = send(client, HttpRequest("HEAD", server.url()));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->headers.get("Content-Length"), "1000");
    EXPECT_EQ(response->body, "");
    EXPECT_TRUE(send(client, HttpRequest("GET", server.url())));
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Client, RefusesAnAnswerThatIsNotHttp) {
    RawServer server(loop, tasks, closingAfter("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    auto response = send(client, HttpRequest("POST", server.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::OutcomeUnknown);
    EXPECT_THAT(response.error().message, HasSubstr("not valid HTTP"));
}

TEST_F(Client, RefusesAnEndlessHead) {
    auto answer = "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x');
    RawServer server(loop, tasks, closingAfter(answer));
    auto response = send(client, HttpRequest("GET", server.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::OutcomeUnknown);
}

TEST_F(Client, SaysOutcomeUnknownWhenTheBodyIsCutShort) {
    RawServer server(loop, tasks, closingAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"));
    auto response = send(client, HttpRequest("POST", server.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::OutcomeUnknown);
    EXPECT_THAT(response.error().message, HasSubstr("cut short after 5 bytes"));
}

TEST_F(Client, LimitsTheBodyOfSend) {
    HttpClientOptions options;
    options.maxBodyBytes = 10;
    HttpClient limited(loop, options);
    for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"}) {
        RawServer server(loop, tasks, closingAfter(answer));
        auto response = send(limited, HttpRequest("GET", server.url()));
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, ErrorCode::ResourceExhausted);
    }
    RawServer exact(loop, tasks, closingAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890"));
    EXPECT_TRUE(send(limited, HttpRequest("GET", exact.url())));
}

TEST_F(Client, EndsInTimeWhenNoAnswerComes) {
    RawServer server(loop, tasks, waitForTheClient);
    auto posted = send(client, HttpRequest("POST", server.url()), 30ms);
    ASSERT_FALSE(posted);
    EXPECT_EQ(posted.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(posted.error().retry.kind, Retry::Kind::Never);
    auto got = send(client, HttpRequest("GET", server.url()), 30ms);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(got.error().retry.kind, Retry::Kind::Later);
}

TEST_F(Client, EndsInTimeWhenTheServerTakesNoMoreOfTheRequest) {
    boost::asio::ip::tcp::acceptor silent(loop.executor(), {boost::asio::ip::address_v4::loopback(), 0});
    HttpRequest request("POST", "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()));
    request.body.assign(32u << 20, 'x');
    auto response = send(client, request, 50ms);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(response.error().retry.kind, Retry::Kind::Later) << "half a request takes no effect";
}

TEST_F(Client, SaysUnavailableWhenItsOwnConnectTimeoutPasses) {
    // The server accepts but never answers the TLS greeting.
    RawServer server(loop, tasks, waitForTheClient);
    HttpClientOptions options;
    options.connectTimeout = 30ms;
    HttpClient hasty(loop, options);
    auto response = send(hasty, HttpRequest("GET", "https://127.0.0.1:" + std::to_string(server.port()) + "/"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(response.error().retry.kind, Retry::Kind::Later);
}

namespace {

Task<void> sendAndKeep(HttpClient& client, HttpRequest request, std::optional<Result<HttpResponse>>& outcome) {
    outcome = co_await client.send(std::move(request), 1h);
}

}  // namespace

TEST_F(Client, EndsWithCancelledWhenTheTaskIsCancelled) {
    RawServer server(loop, tasks, waitForTheClient);
    std::optional<Result<HttpResponse>> outcome;
    TaskGroup group(loop, [](std::string, std::string what) { ADD_FAILURE() << what; });
    group.spawn("request", sendAndKeep(client, HttpRequest("GET", server.url()), outcome));
    loop.runUntil([&] { return server.connections() == 1; });
    loop.poll();
    run(group.stop());
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code, ErrorCode::Cancelled);
}

TEST_F(Client, LetsARequestEndWhenItIsDestroyedBefore) {
    bool mayAnswer = false;
    LoopCondition changed(loop);
    RawServer server(loop, tasks, [&](ByteStream& stream) { return answerWhen(stream, changed, mayAnswer); });
    std::optional<Result<HttpResponse>> outcome;
    auto shortLived = std::make_unique<HttpClient>(loop, HttpClientOptions());
    tasks.spawn("request", sendAndKeep(*shortLived, HttpRequest("GET", server.url()), outcome));
    loop.poll();
    ASSERT_FALSE(outcome);
    shortLived.reset();
    mayAnswer = true;
    changed.notify();
    EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
    EXPECT_TRUE(outcome->has_value());
}

TEST_F(Client, SendsWhatWasAskedForAndFramesItItself) {
    std::string head;
    RawServer server(loop, tasks, [&](ByteStream& stream) { return recordAndAnswer(stream, head); });
    HttpRequest request("POST", "http://us%3Aer:pw@127.0.0.1:" + std::to_string(server.port()) + "/p?q=1#fragment");
    request.headers.add("X-One", "1");
    request.headers.add("Content-Length", "999");
    request.headers.add("Transfer-Encoding", "chunked");
    request.headers.add("user-agent", "mine");
    ASSERT_TRUE(send(client, request));
    EXPECT_THAT(head, HasSubstr("POST /p?q=1 HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
    EXPECT_THAT(head, HasSubstr("X-One: 1\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 0\r\n"));
    EXPECT_THAT(head, HasSubstr("Authorization: Basic dXM6ZXI6cHc=\r\n"));
    EXPECT_THAT(head, HasSubstr("user-agent: mine\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("User-Agent")));
    EXPECT_THAT(head, Not(HasSubstr("chunked")));
    EXPECT_THAT(head, Not(HasSubstr("999")));
}

TEST_F(Client, RefusesToSendForgedFields) {
    HttpRequest request("GET", "http://127.0.0.1:1/");
    request.headers.add("X-Name", "a\r\nHost: other");
    auto inValue = send(client, request);
    ASSERT_FALSE(inValue);
    EXPECT_EQ(inValue.error().code, ErrorCode::InvalidArgument);
    auto inMethod = send(client, HttpRequest("GET / HTTP/1.1\r\nX:", "http://127.0.0.1:1/"));
    ASSERT_FALSE(inMethod);
    EXPECT_EQ(inMethod.error().code, ErrorCode::InvalidArgument);
    auto inUrl = send(client, HttpRequest("GET", "http://127.0.0.1:1/a b"));
    ASSERT_FALSE(inUrl);
    EXPECT_EQ(inUrl.error().code, ErrorCode::InvalidArgument);
}

TEST_F(Client, NamesTheServerButNoSecretOfTheUrlInErrors) {
    auto url = urlOfClosedPort(loop);
    auto response = send(client, HttpRequest("POST", url + "bot123:SECRET/send?token=SECRET"));
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().describe(), Not(HasSubstr("SECRET")));
    EXPECT_THAT(response.error().place + "/", testing::StrEq(url));
}

TEST_F(Client, SaysWhichHostCannotBeLookedUp) {
    auto response = send(client, HttpRequest("GET", "http://no-such-host.invalid/"), 10s);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(response.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(Client, TriesTheNextAddressOfAName) {
    RunningServer server(loop, always(ServerResponse::text(200, "ok")));
    auto response = send(client, HttpRequest("GET", "http://localhost:" + std::to_string(server.port()) + "/"));
    ASSERT_TRUE(response) << response.error().describe();
    run(server.server().stop(1s));
}

TEST_F(Client, SpeaksToIpv6Literals) {
    HttpServerOptions options;
    options.address = "::1";
    HttpServer server(loop, options, always(ServerResponse::text(200, "six")));
    auto port = server.listen();
    if (!port) GTEST_SKIP() << "no IPv6 here: " << port.error().describe();
    auto response = send(client, HttpRequest("GET", "http://[::1]:" + std::to_string(*port) + "/"));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, "six");
    run(server.stop(1s));
}

}  // namespace klaw::net::test
