#include "base/net/connector.hpp"
#include "test/unit/net/net_test.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::net::test {

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Task<void> forward(std::shared_ptr<ByteStream> from, ByteStream& to) {
    std::string piece(4096, '\0');
    for (;;) {
        auto read = co_await from->readSome(piece);
        if (read.error) break;
        auto bytes = std::string_view(piece).substr(0, read.bytes);
        co_await to.writeAll(bytes);
    }
}

Task<void> forward(ByteStream& from, std::shared_ptr<ByteStream> to) {
    std::string piece(4096, '\0');
    for (;;) {
        auto read = co_await from.readSome(piece);
        if (read.error) break;
        auto bytes = std::string_view(piece).substr(0, read.bytes);
        co_await to->writeAll(bytes);
    }
    to->close();
}

/// A tunnel to 127.0.0.1:port whatever host the client asks for.
Task<void> tunnel(ByteStream& client, std::uint16_t port, TaskGroup& group, std::string& request) {
    request = co_await readRequestHead(client);
    auto executor = co_await boost::asio::this_coro::executor;
    Expiry expiry(executor);
    Url url;
    url.host = "127.0.0.1";
    url.port = port;
    ConnectOptions options;
    auto server = co_await connectStream(executor, url, options, expiry);
    if (!server) co_return;
    co_await client.writeAll("HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n");
    group.spawn("tunnel back", forward(*server, client));
    co_await forward(client, *server);
    co_await group.stop();
}

Task<void> recordAndAnswer(ByteStream& stream, std::string& request, std::string answer) {
    request = co_await readRequestHead(stream);
    co_await stream.writeAll(answer);
}

}  // namespace

class Proxy : public NetTest {
protected:
    HttpClient clientOf(const RawServer& proxy, const std::string& user, const std::string& caPem = "") {
        HttpClientOptions options;
        options.proxyUrl = "http://" + user + "127.0.0.1:" + std::to_string(proxy.port());
        options.tls.caPem = caPem;
        return HttpClient(loop, options);
    }
    RawServer answeringProxy(const std::string& answer) {
        return RawServer(loop, tasks,
                         [this, answer](ByteStream& stream) { return recordAndAnswer(stream, request, answer); });
    }

    std::string request;
};

TEST_F(Proxy, IsAskedInAbsoluteFormForPlainHttp) {
    auto proxy = answeringProxy("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    auto client = clientOf(proxy, "me:s%3Acret@");
    auto response = send(client, HttpRequest("GET", "http://far.example:8080/a?b"));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, "ok");
    EXPECT_THAT(request, StartsWith("GET http://far.example:8080/a?b HTTP/1.1\r\nHost: far.example:8080\r\n"));
    EXPECT_THAT(request, HasSubstr("Proxy-Authorization: Basic bWU6czpjcmV0\r\n"));
}

TEST_F(Proxy, OpensATunnelForHttpsAndTheServerIsVerifiedThroughIt) {
    TestAuthority authority;
    CertificateRequest certificate;
    certificate.names = {"DNS:far.example"};
    auto credentials = authority.issue(certificate);
    HttpServerOptions options;
    options.certificatePem = credentials.certificatePem;
    options.keyPem = credentials.keyPem;
    RunningServer server(loop, always(ServerResponse::text(200, "through")), options);
    TaskGroup group(loop, [](std::string, std::string what) { ADD_FAILURE() << what; });
    RawServer proxy(loop, tasks, [&](ByteStream& client) { return tunnel(client, server.port(), group, request); });
    {
        auto client = clientOf(proxy, "me:secret@", authority.certificatePem());
        for (int i = 0; i < 2; ++i) {
            auto response = send(client, HttpRequest("GET", "https://far.example/x"));
            ASSERT_TRUE(response) << response.error().describe();
            EXPECT_EQ(response->body, "through");
        }
    }
    EXPECT_EQ(proxy.connections(), 1) << "the tunnel is reused";
    EXPECT_THAT(request, StartsWith("CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n"));
    EXPECT_THAT(request, HasSubstr("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    EXPECT_THAT(request, Not(HasSubstr("/x")));
    run(server.server().stop(1s));
    EXPECT_TRUE(loop.runUntil([&] { return group.empty(); }));
}

TEST_F(Proxy, SaysThatItWantsAPasswordOrRefuses) {
    auto wantsPassword = answeringProxy("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n");
    auto client = clientOf(wantsPassword, "");
    auto response = send(client, HttpRequest("POST", "https://far.example/"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unauthenticated);
    auto refuses = answeringProxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    auto another = clientOf(refuses, "me:secret@");
    auto refused = send(another, HttpRequest("POST", "https://far.example/"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("answered 403"));
    EXPECT_THAT(refused.error().describe(), Not(HasSubstr("secret")));
}

TEST_F(Proxy, ThatCannotBeUsedIsNamed) {
    HttpClientOptions options;
    options.proxyUrl = "https://127.0.0.1:1";
    HttpClient overTls(loop, options);
    EXPECT_EQ(send(overTls, HttpRequest("GET", "http://far.example/")).error().code, ErrorCode::Unsupported);
    options.proxyUrl = "socks://x";
    HttpClient unknown(loop, options);
    auto response = send(unknown, HttpRequest("GET", "http://far.example/"));
    EXPECT_EQ(response.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(response.error().message, StartsWith("proxy: "));
}

}  // namespace klaw::net::test
