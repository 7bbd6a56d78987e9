#include "base/digest.hpp"
#include "base/random.hpp"
#include "test/unit/net/net_test.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::net::test {

namespace {

Task<ServerResponse> echo(ServerRequest request) {
    co_return ServerResponse::text(200, request.method + " " + request.target + " " + request.body);
}

Task<ServerResponse> digestOfBody(ServerRequest request) {
    co_return ServerResponse::text(200, sha256Hex(request.body));
}

Task<void> writeRagged(BodySink& sink, std::string body) {
    std::size_t size = 1;
    for (std::size_t at = 0; at < body.size(); at += size, size = size % 70'000 + 7'919) {
        auto piece = std::string_view(body).substr(at, size);
        auto written = co_await sink.write(piece);
        EXPECT_TRUE(written);
    }
}

std::string largeBody() {
    SeededRandom random(7);
    std::string body;
    while (body.size() < 3'000'017) body += static_cast<char>(random.next());
    return body;
}

ServerResponse streamed(std::string body) {
    ServerResponse response;
    response.stream = [body = std::move(body)](BodySink& sink) { return writeRagged(sink, body); };
    return response;
}

}  // namespace

class HttpOverTcpAndTls : public NetTest, public testing::WithParamInterface<bool> {
protected:
    HttpOverTcpAndTls() {
        if (!GetParam()) return;
        CertificateRequest request;
        request.names = {"IP:127.0.0.1"};
        auto credentials = authority.issue(request);
        serverOptions.certificatePem = credentials.certificatePem;
        serverOptions.keyPem = credentials.keyPem;
        clientOptions.tls.caPem = authority.certificatePem();
    }

    TestAuthority authority;
    HttpServerOptions serverOptions;
    HttpClientOptions clientOptions;
};

INSTANTIATE_TEST_SUITE_P(Net, HttpOverTcpAndTls, testing::Bool(),
                         [](const auto& info) { return info.param ? "Tls" : "Tcp"; });

TEST_P(HttpOverTcpAndTls, CarriesMethodTargetAndBody) {
    RunningServer server(loop, echo, serverOptions);
    HttpClient client(loop, clientOptions);
    HttpRequest request("PUT", server.url("/a/b?c=d"));
    request.body = "hello";
    auto response = send(client, request);
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "PUT /a/b?c=d hello");
    run(server.server().stop(1s));
}

TEST_P(HttpOverTcpAndTls, CarriesLargeBodiesUnharmedInBothDirections) {
    auto body = largeBody();
    RunningServer up(loop, digestOfBody, serverOptions);
    RunningServer down(loop, always(ServerResponse::text(200, body)), serverOptions);
    HttpClient client(loop, clientOptions);
    HttpRequest request("POST", up.url());
    request.body = body;
    auto uploaded = send(client, request);
    ASSERT_TRUE(uploaded) << uploaded.error().describe();
    EXPECT_EQ(uploaded->body, sha256Hex(body));
    auto downloaded = send(client, HttpRequest("GET", down.url()));
    ASSERT_TRUE(downloaded) << downloaded.error().describe();
    EXPECT_EQ(sha256Hex(downloaded->body), sha256Hex(body));
    run(up.server().stop(1s));
    run(down.server().stop(1s));
}

TEST_P(HttpOverTcpAndTls, StreamsChunksOfAnySizeIntoSpansOfAnySize) {
    auto body = largeBody();
    RunningServer server(loop, always(streamed(body)), serverOptions);
    HttpClient client(loop, clientOptions);
    for (std::size_t pieceSize : {4096u, 333u, 1u << 20}) {
        auto stream = open(client, HttpRequest("GET", server.url()));
        ASSERT_TRUE(stream) << stream.error().describe();
        auto read = readAll(**stream, pieceSize);
        ASSERT_TRUE(read) << read.error().describe();
        EXPECT_EQ(sha256Hex(*read), sha256Hex(body));
    }
    run(server.server().stop(1s));
}

}  // namespace klaw::net::test
