#include "agent/scrape/kubelet_certificate_source.hpp"

#include <simdjson.h>

#include "agent/scrape/certificate_source.hpp"

namespace klaw::scrape {
namespace {

using simdjson::dom::element;
constexpr auto sourceName = "certificates of kubelets";

net::HttpClientOptions dialOptions(const kube::ClusterAccess& access) {
    net::HttpClientOptions options;
    options.proxyUrl = access.proxyUrl;
    options.connectTimeout = 3s;
    options.maxIdleConnections = 0;
    options.tls.insecureSkipVerify = true;  // it is looked at, not trusted
    return options;
}

std::string_view textOf(const element& value, const char* pointer) {
    std::string_view text;
    return value.at_pointer(pointer).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string internalAddress(const element& node) {
    simdjson::dom::array addresses;
    if (node.at_pointer("/status/addresses").get(addresses)) return {};
    for (auto address : addresses)
        if (textOf(address, "/type") == "InternalIP") return std::string(textOf(address, "/address"));
    return {};
}

/// An address, so that nothing else can be made of a URL with it.
bool isAddress(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF.:") == text.npos;
}

}  // namespace

Result<std::string> addKubeletAddresses(const std::string& body, std::vector<KubeletAddress>& into) {
    simdjson::dom::parser parser;
    element root;
    simdjson::dom::array items;
    if (parser.parse(body).get(root) || root["items"].get(items))
        return fail(ErrorCode::DataLoss, "the answer is no NodeList");
    for (auto item : items) {
        auto address = internalAddress(item);
        std::int64_t port = 0;
        if (item.at_pointer("/status/daemonEndpoints/kubeletEndpoint/Port").get(port)) continue;
        if (!isAddress(address) || port < 1 || port > 65535) continue;
        if (address.find(':') != std::string::npos) address = "[" + address + "]";
        into.push_back({std::string(textOf(item, "/metadata/name")), std::string(textOf(item, "/metadata/uid")),
                        address + ":" + std::to_string(port)});
    }
    return std::string(textOf(root, "/metadata/continue"));
}

KubeletCertificateSource::KubeletCertificateSource(Loop& loop, kube::ApiServer& server, const Clock& clock)
    : server_(server), clock_(clock), client_(loop, dialOptions(server.access())) {}

Task<Result<std::vector<KubeletAddress>>> KubeletCertificateSource::addresses() {
    const std::string first = "/api/v1/nodes?limit=500";
    std::vector<KubeletAddress> all;
    std::string next;
    do {
        auto path = next.empty() ? first : first + "&continue=" + net::percentEncode(next);
        auto page = co_await server_.get(std::move(path), 20s);
        if (!page) co_return fail(std::move(page).error());
        auto token = addKubeletAddresses(page->body, all);
        if (!token) co_return fail(std::move(token).error());
        next = std::move(*token);
    } while (!next.empty());
    co_return all;
}

Task<void> KubeletCertificateSource::look(MetricSink& sink) {
    const auto& cluster = server_.access().name;
    auto kubelets = co_await addresses();
    if (!kubelets) {
        if (kubelets.error().code != ErrorCode::Cancelled) sink.lost(cluster, sourceName, kubelets.error());
        co_return;
    }
    std::vector<rules::Sample> samples;
    std::size_t unreachable = 0;
    for (const auto& kubelet : *kubelets) {
        net::HttpRequest request("HEAD", "https://" + kubelet.hostAndPort + "/healthz");
        auto answer = co_await client_.send(std::move(request), 5s);
        if (!answer && answer.error().code == ErrorCode::Cancelled) co_return;
        if (!answer || !answer->certificateEnds) {
            if (++unreachable < mostUnreachable) continue;
            Error error(ErrorCode::Unavailable,
                        "several kubelets in a row cannot be reached, the last at " + kubelet.hostAndPort +
                            (answer ? "" : ": " + answer.error().message),
                        cluster, "may Klaw reach this port of the nodes? else set `kubelet_certificates: false`");
            if (samples.empty()) co_return sink.lost(cluster, sourceName, error);
            break;
        }
        unreachable = 0;
        rules::ObjectRef node{cluster, "nodes", "Node", "", kubelet.node, kubelet.uid};
        samples.push_back(certificateSample(*answer->certificateEnds, clock_.now(), std::move(node)));
    }
    sink.samples(cluster, sourceName, {}, samples);
}

}  // namespace klaw::scrape
