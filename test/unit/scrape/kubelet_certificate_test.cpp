// Kubelets as they serve: the nodes of an API server, and TLS servers on loopback in place of their kubelets.
#include <gtest/gtest.h>

#include <cmath>

#include "agent/scrape/kubelet_certificate_source.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::scrape {
namespace {

using net::test::TestAuthority;

std::string nodeAt(const std::string& name, const std::string& address, int port) {
    return R"({"metadata":{"name":")" + name + R"(","uid":"u"},"status":{"addresses":[{"type":"Hostname","address":"n"},
        {"type":"InternalIP","address":")" +
           address + R"("}],"daemonEndpoints":{"kubeletEndpoint":{"Port":)" + std::to_string(port) + "}}}}";
}

class Notes final : public MetricSink {
public:
    std::vector<std::string> lines;

private:
    void samples(std::string_view, std::string_view source, std::string_view,
                 const std::vector<rules::Sample>& samples) override {
        for (const auto& sample : samples)
            lines.push_back(std::string(source) + " " + sample.labels.at("name") + " " +
                            std::to_string(std::lround(sample.value / 3600)) + "h");
    }
    void lost(std::string_view, std::string_view source, const Error& error) override {
        lines.push_back(std::string(source) + " lost: " + error.message.substr(0, 54));
    }
};

class KubeletCertificates : public testing::Test {
protected:
    /// What one look at these nodes tells.
    std::vector<std::string> look(const std::vector<std::string>& nodes) {
        std::string list = R"({"metadata":{},"items":[)";
        for (const auto& node : nodes) list += (list.ends_with('[') ? "" : ",") + node;
        list += "]}";
        auto handler = [list](net::ServerRequest) -> Task<net::ServerResponse> {
            co_return net::ServerResponse::json(200, list);
        };
        net::HttpServer server(loop, net::HttpServerOptions(), handler);
        kube::ClusterAccess access;
        access.name = "c1";
        access.server = "http://127.0.0.1:" + std::to_string(server.listen().value());
        kube::ApiServer api(loop, clock, access);
        KubeletCertificateSource source(loop, api, clock);
        Notes notes;
        tasks.spawn("look", source.look(notes));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        tasks.spawn("end", server.stop(Duration::zero()));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return notes.lines;
    }

    Loop loop;
    SystemLoopClock clock{loop};
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; }};
};

TEST_F(KubeletCertificates, AreSeenWhoeverSignedThemAndTellNobodyWhoAsks) {
    std::vector<net::ServerRequest> asked;
    auto handler = [&](net::ServerRequest request) -> Task<net::ServerResponse> {
        asked.push_back(std::move(request));
        co_return net::ServerResponse::text(401, "");
    };
    auto credentials = TestAuthority("nobody knows it").issue({"node", {"DNS:elsewhere"}, -1h, 48h});
    net::HttpServerOptions options;
    options.certificatePem = credentials.certificatePem;
    options.keyPem = credentials.keyPem;
    net::HttpServer kubelet(loop, options, handler);
    int port = kubelet.listen().value();
    EXPECT_EQ(look({nodeAt("gone", "127.0.0.1", 1), nodeAt("node-1", "127.0.0.1", port),
                    nodeAt("evil", "127.0.0.1/x?@example", port), R"({"metadata":{"name":"new"},"status":{}})"}),
              std::vector<std::string>{"certificates of kubelets node-1 48h"});
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_FALSE(asked[0].headers.get("Authorization"));
    tasks.spawn("end", kubelet.stop(Duration::zero()));
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
}

TEST_F(KubeletCertificates, OfANetworkThatIsOutOfReachAreSaidToBeSo) {
    std::vector<std::string> nodes(20, nodeAt("gone", "127.0.0.1", 1));
    EXPECT_EQ(look(nodes),
              std::vector<std::string>{"certificates of kubelets lost: several kubelets in a row cannot be "
                                       "reached, the last "});
}

TEST(KubeletAddress, OfVersionSixIsInBrackets) {
    std::vector<KubeletAddress> found;
    EXPECT_EQ(addKubeletAddresses(R"({"metadata":{"continue":"next"},"items":[)" + nodeAt("a", "fd00::1", 10250) + "]}",
                                  found)
                  .value(),
              "next");
    EXPECT_EQ(found.at(0).hostAndPort, "[fd00::1]:10250");
    EXPECT_FALSE(addKubeletAddresses("[]", found));
}

}  // namespace
}  // namespace klaw::scrape
