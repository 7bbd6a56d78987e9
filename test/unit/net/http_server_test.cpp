#include "base/net/http_server.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "base/async/loop_condition.hpp"
#include "base/net/connector.hpp"
#include "test/unit/net/net_test.hpp"

namespace klaw::net::test {

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Task<std::string> exchangeRaw(std::uint16_t port, std::string bytes, bool finish) {
    Expiry expiry(co_await boost::asio::this_coro::executor);
    expiry.arm(10s);
    Url url;
    url.host = "127.0.0.1";
    url.port = port;
    ConnectOptions options;
    auto executor = co_await boost::asio::this_coro::executor;
    auto stream = co_await connectStream(executor, url, options, expiry);
    if (!stream) co_return stream.error().describe();
    expiry.guard(*stream);
    auto written = co_await (*stream)->writeAll(bytes);
    if (finish && !written.error) (*stream)->shutdownSend();
    std::string answer;
    std::string piece(4096, '\0');
    for (;;) {
        auto outcome = co_await (*stream)->readSome(piece);
        answer.append(piece, 0, outcome.bytes);
        if (outcome.error) co_return answer;
    }
}

Task<ServerResponse> echo(ServerRequest request) {
    auto text = request.method + " " + request.target + " from " + request.remoteAddress + " [" + request.body + "]";
    co_return ServerResponse::text(200, text);
}

Task<ServerResponse> breakDown(ServerRequest) {
    throw std::runtime_error("secret detail");
    co_return ServerResponse();
}

Task<void> writeTwoPieces(BodySink& sink) {
    co_await sink.write("one ");
    co_await sink.write("");
    co_await sink.write("two");
}

Task<void> writeThenAbort(BodySink& sink) {
    co_await sink.write("one ");
    sink.abort();
    EXPECT_FALSE(sink.open());
    auto written = co_await sink.write("two");
    EXPECT_FALSE(written);
}

Task<void> writeThenThrow(BodySink& sink) {
    co_await sink.write("one ");
    throw std::runtime_error("no more");
}

ServerResponse streaming(std::function<Task<void>(BodySink&)> stream) {
    ServerResponse response;
    response.stream = std::move(stream);
    return response;
}

}  // namespace

class Server : public NetTest {
protected:
    std::string raw(RunningServer& server, std::string bytes, bool finish = false) {
        return run(exchangeRaw(server.port(), std::move(bytes), finish));
    }
    void stop(RunningServer& server) { run(server.server().stop(5s)); }
    HttpServerOptions impatient(Duration idle = 30ms) {
        HttpServerOptions options;
        options.idleTimeout = idle;
        return options;
    }
};

TEST_F(Server, GivesTheHandlerWhatTheClientSent) {
    RunningServer server(loop, echo);
    auto answer = raw(server, "PUT /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nPUT /a?b=c from 127.0.0.1 [hi]"));
    stop(server);
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
    RunningServer server(loop, echo);
    auto answer = raw(server,
                      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n");
    auto first = answer.find("GET /1");
    auto second = answer.find("POST /2 from 127.0.0.1 [abc]");
    auto third = answer.find("GET /3");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
    stop(server);
}

TEST_F(Server, EndsTheConnectionWithAnAnswerThatAnotherReplicaMayBeBetterAt) {
    RunningServer server(loop, always(ServerResponse::text(503, "another one leads")));
    auto answer = raw(server, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(answer.find("HTTP/1.1 503"), answer.rfind("HTTP/1.1 503"));
    stop(server);
}

TEST_F(Server, AnswersHeadWithoutABody) {
    RunningServer server(loop, echo);
    auto answer = raw(server, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 25\r\n"));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
    stop(server);
}

TEST_F(Server, SendsNoLengthAndNoBodyWithNoContent) {
    RunningServer server(loop, always(ServerResponse::text(204, "ignored")));
    auto answer = raw(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(answer, Not(HasSubstr("ignored")));
    stop(server);
}

TEST_F(Server, StreamsInChunksAndWithoutThemToAnOldClient) {
    RunningServer server(loop, always(streaming(writeTwoPieces)));
    auto chunked = raw(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(chunked, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(chunked, testing::EndsWith("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    auto plain = raw(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(plain, testing::EndsWith("\r\n\r\none two"));
    EXPECT_THAT(plain, HasSubstr("Connection: close"));
    stop(server);
}

TEST_F(Server, TurnsAHandlerThatThrowsIntoAnInternalErrorWithoutItsDetails) {
    RunningServer server(loop, breakDown);
    auto answer = raw(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
    stop(server);
}

TEST_F(Server, KeepsWhatIsDeepInAnAddressOutOfTheLog) {
    std::ostringstream log;
    auto before = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    RunningServer server(loop, breakDown);
    raw(server, "POST /callback/app/card/8f3akey?x=8f3akey HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stop(server);
    spdlog::set_default_logger(before);
    EXPECT_THAT(log.str(), HasSubstr("the handler of POST /callback/app/… failed"));
    EXPECT_THAT(log.str(), Not(HasSubstr("8f3akey")));
}

TEST_F(Server, NeverSendsForgedFields) {
    auto response = ServerResponse::text(200, "x");
    response.headers.add("X-Name", "a\r\nSet-Cookie: evil");
    RunningServer server(loop, always(response));
    auto answer = raw(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("evil")));
    stop(server);
}

TEST_F(Server, RefusesWhatIsNoRequest) {
    RunningServer server(loop, echo);
    for (const char* bytes :
         {"\x16\x03\x01\x02 tls greeting\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost x\r\n\r\n", "GET / HTTP/9.1\r\nHost: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"})
        EXPECT_THAT(raw(server, bytes), StartsWith("HTTP/1.1 400 ")) << bytes;
    stop(server);
}

TEST_F(Server, OffersNeitherConnectNorTrace) {
    RunningServer server(loop, echo);
    for (const char* method : {"CONNECT", "TRACE"}) {
        auto answer = raw(server, std::string(method) + " /x HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
        EXPECT_THAT(answer, HasSubstr("Allow: GET"));
    }
    stop(server);
}

TEST_F(Server, RefusesALargeBodyAndTheClientSeesItWhileItStillSends) {
    HttpServerOptions options;
    options.maxBodyBytes = 1000;
    RunningServer server(loop, echo, options);
    HttpClient client(loop, HttpClientOptions());
    HttpRequest request("POST", server.url());
    request.body.assign(4'000'000, 'x');
    auto announced = send(client, request);
    ASSERT_TRUE(announced) << announced.error().describe();
    EXPECT_EQ(announced->status, 413);
    auto chunked =
        raw(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(0x800, 'x'),
            true);
    EXPECT_THAT(chunked, StartsWith("HTTP/1.1 413 "));
    request.body.assign(1000, 'x');
    auto exact = send(client, request);
    ASSERT_TRUE(exact);
    EXPECT_EQ(exact->status, 200);
    stop(server);
}

TEST_F(Server, RefusesALargeHead) {
    RunningServer server(loop, echo);
    auto oneField = raw(server, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x'), true);
    EXPECT_THAT(oneField, StartsWith("HTTP/1.1 431 "));
    std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 10'000; ++i) many += "X-Field: some value\r\n";
    EXPECT_THAT(raw(server, many, true), StartsWith("HTTP/1.1 431 "));
    stop(server);
}

TEST_F(Server, InvitesABodyThatWaitsForTheInvitation) {
    RunningServer server(loop, echo);
    auto answer =
        raw(server,
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
    stop(server);
}

TEST_F(Server, DropsAClientThatIsTooSlowWithItsHeadOrItsBody) {
    RunningServer server(loop, echo, impatient());
    EXPECT_EQ(raw(server, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"), "");
    EXPECT_EQ(raw(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"), "");
    EXPECT_EQ(raw(server, ""), "") << "and one that says nothing at all";
    stop(server);
}

namespace {

Task<void> writeForever(BodySink& sink, bool& ended) {
    std::string piece(100'000, 'x');
    for (;;) {
        auto written = co_await sink.write(piece);
        if (!written) break;
    }
    ended = true;
}

Task<void> watchClient(BodySink& sink, LoopCondition& changed, bool& gone) {
    co_await sink.write("x");
    std::function<bool()> clientGone = [&] { return !sink.open(); };
    co_await changed.until(std::move(clientGone));
    gone = true;
}

}  // namespace

TEST_F(Server, DropsAClientThatReadsNothing) {
    bool ended = false;
    RunningServer server(loop, always(streaming([&](BodySink& sink) { return writeForever(sink, ended); })),
                         impatient());
    HttpClient client(loop, HttpClientOptions());
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    EXPECT_TRUE(loop.runUntil([&] { return ended; }));
    stop(server);
}

TEST_F(Server, SinkKnowsThatTheClientIsGoneBeforeItWrites) {
    bool gone = false;
    LoopCondition changed(loop);
    RunningServer server(loop, always(streaming([&](BodySink& sink) { return watchClient(sink, changed, gone); })));
    HttpClient client(loop, HttpClientOptions());
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    loop.poll();
    changed.notify();
    loop.poll();
    EXPECT_FALSE(gone);
    (*body)->close();
    changed.notify();
    EXPECT_TRUE(loop.runUntil([&] { return gone; }));
    stop(server);
}

TEST_F(Server, AbortAndAThrowingStreamCutTheBodyShort) {
    for (auto* function : {writeThenAbort, writeThenThrow}) {
        RunningServer server(loop, always(streaming(function)));
        HttpClient client(loop, HttpClientOptions());
        auto body = open(client, HttpRequest("GET", server.url()));
        ASSERT_TRUE(body);
        auto read = readAll(**body);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
        stop(server);
    }
}

TEST_F(Server, StatusZeroClosesWithoutAnAnswer) {
    ServerResponse nothing;
    nothing.status = 0;
    RunningServer server(loop, always(nothing));
    HttpClient client(loop, HttpClientOptions());
    auto response = send(client, HttpRequest("POST", server.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::OutcomeUnknown);
    stop(server);
}

TEST_F(Server, SaysThatThePortIsOccupied) {
    RunningServer first(loop, echo);
    HttpServerOptions options;
    options.port = first.port();
    HttpServer second(loop, options, echo);
    auto port = second.listen();
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().code, ErrorCode::Conflict);
    EXPECT_EQ(port.error().place, "127.0.0.1:" + std::to_string(first.port()));
    EXPECT_FALSE(port.error().remedy.empty());
    options.address = "not an address";
    HttpServer third(loop, options, echo);
    EXPECT_EQ(third.listen().error().code, ErrorCode::InvalidArgument);
    stop(first);
}

namespace {

struct Gate {
    explicit Gate(Loop& loop) : changed(loop) {}
    void set() {
        isOpen = true;
        changed.notify();
    }
    LoopCondition changed;
    bool entered = false;
    bool isOpen = false;
};

Task<ServerResponse> passGate(ServerRequest, Gate& gate) {
    gate.entered = true;
    std::function<bool()> opened = [&gate] { return gate.isOpen; };
    co_await gate.changed.until(std::move(opened));
    co_return ServerResponse::text(200, "through");
}

Task<void> sendAndKeep(HttpClient& client, HttpRequest request, std::optional<Result<HttpResponse>>& outcome) {
    outcome = co_await client.send(std::move(request), 1h);
}

Task<void> stopAndTell(HttpServer& server, Duration grace, bool& stopped) {
    co_await server.stop(grace);
    stopped = true;
}

}  // namespace

class StoppingServer : public Server {
protected:
    StoppingServer() : gate(loop), server(loop, [this](ServerRequest r) { return passGate(std::move(r), gate); }) {
        tasks.spawn("request", sendAndKeep(client, HttpRequest("GET", server.url()), outcome));
        EXPECT_TRUE(loop.runUntil([&] { return gate.entered; }));
    }

    Gate gate;
    RunningServer server;
    HttpClient client{loop, HttpClientOptions()};
    std::optional<Result<HttpResponse>> outcome;
    bool stopped = false;
};

TEST_F(StoppingServer, LetsARequestInFlightFinish) {
    tasks.spawn("stop", stopAndTell(server.server(), 1h, stopped));
    loop.poll();
    EXPECT_FALSE(stopped);
    auto refused = get(server.url());
    EXPECT_FALSE(refused) << "new connections are not accepted";
    gate.set();
    EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value() && stopped; }));
    ASSERT_TRUE(*outcome) << outcome->error().describe();
    EXPECT_EQ((*outcome)->body, "through");
    EXPECT_EQ((*outcome)->headers.get("Connection"), "close");
}

TEST_F(StoppingServer, CutsARequestOffWhenTheGraceIsOver) {
    run(server.server().stop(10ms));
    EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
    EXPECT_FALSE(*outcome);
    EXPECT_FALSE(gate.isOpen);
}

TEST_F(StoppingServer, ClosesIdleConnectionsAtOnce) {
    gate.set();
    EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
    run(server.server().stop(1h));
}

TEST_F(Server, FreesThePortWhenItStops) {
    RunningServer first(loop, echo);
    EXPECT_TRUE(get(first.url()));
    stop(first);
    HttpServerOptions options;
    options.port = first.port();
    RunningServer second(loop, echo, options);
    EXPECT_TRUE(get(second.url()));
    stop(second);
}

TEST_F(Server, MakesRoomByClosingAnIdleConnection) {
    HttpServerOptions options;
    options.maxConnections = 1;
    RunningServer server(loop, echo, options);
    HttpClient first(loop, HttpClientOptions());
    HttpClient second(loop, HttpClientOptions());
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(send(first, HttpRequest("GET", server.url())));
        EXPECT_TRUE(send(second, HttpRequest("GET", server.url())));
    }
    stop(server);
}

TEST_F(Server, LetsTheNextClientWaitWhileAllConnectionsAreBusy) {
    Gate gate(loop);
    HttpServerOptions options;
    options.maxConnections = 1;
    RunningServer server(loop, [&](ServerRequest r) { return passGate(std::move(r), gate); }, options);
    HttpClient client(loop, HttpClientOptions());
    std::optional<Result<HttpResponse>> first, second;
    tasks.spawn("first", sendAndKeep(client, HttpRequest("GET", server.url()), first));
    EXPECT_TRUE(loop.runUntil([&] { return gate.entered; }));
    tasks.spawn("second", sendAndKeep(client, HttpRequest("GET", server.url()), second));
    loop.poll();
    gate.set();
    EXPECT_TRUE(loop.runUntil([&] { return first && second; }));
    EXPECT_TRUE(*first);
    EXPECT_TRUE(*second);
    stop(server);
}

TEST_F(Server, CanBeDestroyedWithoutAStop) {
    auto server = std::make_unique<RunningServer>(loop, echo);
    HttpClient client(loop, HttpClientOptions());
    EXPECT_TRUE(send(client, HttpRequest("GET", server->url())));
    server.reset();
    loop.poll();
}

}  // namespace klaw::net::test
