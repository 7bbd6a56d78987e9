#include "base/net/certificate.hpp"
#include "test/unit/net/net_test.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::net::test {

namespace {

using testing::HasSubstr;

const std::string okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

CertificateRequest forLoopback() {
    CertificateRequest request;
    request.names = {"IP:127.0.0.1", "DNS:localhost"};
    return request;
}

}  // namespace

class Tls : public NetTest {
protected:
    std::unique_ptr<RunningServer> serve(const Credentials& credentials, const std::string& clientCa = "") {
        HttpServerOptions options;
        options.certificatePem = credentials.certificatePem;
        options.keyPem = credentials.keyPem;
        options.clientCaPem = clientCa;
        return std::make_unique<RunningServer>(loop, always(ServerResponse::text(200, "ok")), options);
    }
    Result<HttpResponse> fetch(const std::string& url, TlsOptions tls) {
        HttpClientOptions options;
        options.tls = std::move(tls);
        HttpClient client(loop, options);
        return send(client, HttpRequest("POST", url));
    }
    TlsOptions trusting(const TestAuthority& trusted) {
        TlsOptions tls;
        tls.caPem = trusted.certificatePem();
        return tls;
    }
    void expectRefusal(const Result<HttpResponse>& response, const std::string& reason) {
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, ErrorCode::Unavailable) << "nothing was sent";
        EXPECT_EQ(response.error().retry.kind, Retry::Kind::Later);
        EXPECT_THAT(response.error().message, HasSubstr(reason));
        EXPECT_THAT(response.error().place, HasSubstr("https://"));
        EXPECT_FALSE(response.error().remedy.empty());
    }

    TestAuthority authority;
};

TEST_F(Tls, AcceptsACertificateOfItsAuthorityByNameAndByAddress) {
    auto server = serve(authority.issue(forLoopback()));
    EXPECT_TRUE(fetch(server->url(), trusting(authority)));
    auto byName = fetch("https://localhost:" + std::to_string(server->port()), trusting(authority));
    EXPECT_TRUE(byName) << byName.error().describe();
    run(server->server().stop(1s));
}

TEST_F(Tls, TellsWhenTheCertificateOfTheServerEnds) {
    auto credentials = authority.issue(forLoopback());
    auto server = serve(credentials);
    auto response = fetch(server->url(), trusting(authority));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->certificateEnds, readCertificates(credentials.certificatePem)->front().notAfter);
    run(server->server().stop(1s));
}

TEST(CertificateText, IsReadInItsOrder) {
    TestAuthority authority("the authority");
    auto chain = authority.issue(forLoopback()).certificatePem + "a remark\n" + authority.certificatePem();
    auto read = readCertificates(chain);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2u);
    EXPECT_THAT(read->at(0).subject, HasSubstr("test"));
    EXPECT_THAT(read->at(1).subject, HasSubstr("the authority"));
    EXPECT_EQ(readCertificates("").error().code, ErrorCode::DataLoss);
    EXPECT_FALSE(readCertificates("-----BEGIN CERTIFICATE-----\nbm90\n-----END CERTIFICATE-----\n"));
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
    auto server = serve(authority.issue(forLoopback()));
    TestAuthority other("another authority");
    expectRefusal(fetch(server->url(), trusting(other)), "unknown authority (issuer: CN = klaw test authority)");
    expectRefusal(fetch(server->url(), TlsOptions()), "unknown authority");
    run(server->server().stop(1s));
}

TEST_F(Tls, RefusesAWrongNameAndTellsTheNamesThatWouldDo) {
    CertificateRequest request;
    request.commonName = "127.0.0.1";
    request.names = {"DNS:klaw.example", "IP:10.0.0.7"};
    auto server = serve(authority.issue(request));
    expectRefusal(fetch(server->url(), trusting(authority)),
                  "does not name 127.0.0.1; it names klaw.example, 10.0.0.7");
    expectRefusal(fetch("https://localhost:" + std::to_string(server->port()), trusting(authority)),
                  "does not name localhost");
    run(server->server().stop(1s));
}

TEST_F(Tls, LetsTheVerifiedNameBeGiven) {
    CertificateRequest request;
    request.names = {"DNS:klaw.example"};
    auto server = serve(authority.issue(request));
    auto tls = trusting(authority);
    tls.serverName = "klaw.example";
    auto response = fetch(server->url(), tls);
    EXPECT_TRUE(response) << response.error().describe();
    run(server->server().stop(1s));
}

TEST_F(Tls, RefusesCertificatesOutsideTheirTime) {
    auto expired = forLoopback();
    expired.validUntil = std::chrono::minutes(-1);
    auto old = serve(authority.issue(expired));
    expectRefusal(fetch(old->url(), trusting(authority)), "expired on 2");
    auto future = forLoopback();
    future.validFrom = std::chrono::minutes(10);
    auto early = serve(authority.issue(future));
    expectRefusal(fetch(early->url(), trusting(authority)), "only valid from 2");
    run(old->server().stop(1s));
    run(early->server().stop(1s));
}

TEST_F(Tls, SkipsVerificationOnlyWhenTold) {
    auto server = serve(authority.issue(CertificateRequest()));
    TlsOptions tls;
    tls.insecureSkipVerify = true;
    auto response = fetch(server->url(), tls);
    EXPECT_TRUE(response) << response.error().describe();
    run(server->server().stop(1s));
}

TEST_F(Tls, ShowsItsClientCertificate) {
    TestAuthority clients("client authority");
    auto server = serve(authority.issue(forLoopback()), clients.certificatePem());
    auto tls = trusting(authority);
    auto identity = clients.issue(CertificateRequest());
    tls.clientCertPem = identity.certificatePem;
    tls.clientKeyPem = identity.keyPem;
    auto response = fetch(server->url(), tls);
    EXPECT_TRUE(response) << response.error().describe();
    run(server->server().stop(1s));
}

TEST_F(Tls, SaysThatTheServerWantsAnotherClientCertificate) {
    TestAuthority clients("client authority");
    auto server = serve(authority.issue(forLoopback()), clients.certificatePem());
    auto none = fetch(server->url(), trusting(authority));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::Unauthenticated) << none.error().describe();
    EXPECT_EQ(none.error().retry.kind, Retry::Kind::Never);
    EXPECT_THAT(none.error().message, HasSubstr("wants a client certificate"));
    auto tls = trusting(authority);
    auto stranger = authority.issue(CertificateRequest());
    tls.clientCertPem = stranger.certificatePem;
    tls.clientKeyPem = stranger.keyPem;
    auto wrong = fetch(server->url(), tls);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::Unauthenticated) << wrong.error().describe();
    EXPECT_THAT(wrong.error().message, HasSubstr("certificate was refused"));
    run(server->server().stop(1s));
}

TEST_F(Tls, RefusesBrokenPemBeforeItConnects) {
    auto tls = trusting(authority);
    auto one = authority.issue(CertificateRequest());
    auto two = authority.issue(CertificateRequest());
    tls.clientCertPem = one.certificatePem;
    auto withoutKey = fetch("https://127.0.0.1:1", tls);
    EXPECT_EQ(withoutKey.error().code, ErrorCode::InvalidArgument);
    tls.clientKeyPem = two.keyPem;
    auto foreignKey = fetch("https://127.0.0.1:1", tls);
    EXPECT_EQ(foreignKey.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(foreignKey.error().message, HasSubstr("does not belong"));
    TlsOptions badCa;
    badCa.caPem = "no certificate";
    EXPECT_EQ(fetch("https://127.0.0.1:1", badCa).error().code, ErrorCode::InvalidArgument);
}

TEST_F(Tls, SaysThatThePortSpeaksNoTls) {
    RunningServer plain(loop, always(ServerResponse::text(200, "ok")));
    auto response = fetch("https://127.0.0.1:" + std::to_string(plain.port()), trusting(authority));
    expectRefusal(response, "does not speak TLS");
    run(plain.server().stop(1s));
}

TEST_F(Tls, SaysThatTheConnectionEndedInTheHandshake) {
    RawServer server(loop, tasks, [](ByteStream&) -> Task<void> { co_return; });
    auto response = fetch("https://127.0.0.1:" + std::to_string(server.port()), trusting(authority));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(response.error().message, HasSubstr("TLS handshake failed"));
}

TEST_F(Tls, ReusesConnectionsUntilTheOptionsChange) {
    auto server = serve(authority.issue(forLoopback()));
    HttpClientOptions options;
    options.tls = trusting(authority);
    HttpClient client(loop, options);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(client, HttpRequest("POST", server->url())));
    TestAuthority other("another authority");
    client.setTls(trusting(other));
    auto refused = send(client, HttpRequest("POST", server->url()));
    expectRefusal(refused, "unknown authority");
    client.setTls(trusting(authority));
    EXPECT_TRUE(send(client, HttpRequest("POST", server->url())));
    run(server->server().stop(1s));
}

TEST_F(Tls, ServerRefusesCredentialsItCannotUse) {
    HttpServerOptions options;
    options.certificatePem = "nonsense";
    HttpServer server(loop, options, always(ServerResponse()));
    auto port = server.listen();
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().code, ErrorCode::InvalidArgument);
}

}  // namespace klaw::net::test
