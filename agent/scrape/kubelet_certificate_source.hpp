#pragma once

#include <string>
#include <vector>

#include "agent/kube/api_server.hpp"
#include "agent/scrape/metric_source.hpp"
#include "base/clock.hpp"
#include "base/net/http_client.hpp"

namespace klaw::scrape {

/// Where a kubelet serves: of the node's status.
struct KubeletAddress {
    std::string node;
    std::string uid;
    std::string hostAndPort;  ///< "10.0.0.1:10250", "[fd00::1]:10250"
};

/// When the serving certificates of the kubelets end, seen by a TLS handshake of our own with each: nothing is sent
/// that tells who asks, and nothing of the answer is read. Source "certificates of kubelets". Where several in a row
/// cannot be reached, as from outside of the network of the nodes, the others are left for the next look.
class KubeletCertificateSource final : public MetricSource {
public:
    /// References outlive it.
    KubeletCertificateSource(Loop& loop, kube::ApiServer& server, const Clock& clock);
    std::string name() const override { return "kubelet certificates of " + server_.access().name; }
    Duration every() const override { return 5min; }
    Task<void> look(MetricSink& sink) override;

    static constexpr std::size_t mostUnreachable = 5;

private:
    Task<Result<std::vector<KubeletAddress>>> addresses();

    kube::ApiServer& server_;
    const Clock& clock_;
    net::HttpClient client_;
};

/// Adds those of a page of a NodeList by their internal addresses. The token of the next page, empty after the last.
Result<std::string> addKubeletAddresses(const std::string& body, std::vector<KubeletAddress>& into);

}  // namespace klaw::scrape
