#include "agent/scrape/metrics_api_source.hpp"

#include "agent/scrape/cluster_metrics.hpp"

namespace klaw::scrape {
namespace {

constexpr Duration timeout = 20s;

using Reader = Result<std::vector<rules::Sample>> (*)(std::string body, const MeasuredObjects& objects);

/// Asks for one of the two lists.
Task<void> lookAtList(kube::ApiServer& server, const rules::ObjectSource& objects, std::string resource, Reader read,
                      MetricSink& sink) {
    const auto& cluster = server.access().name;
    auto source = "metrics.k8s.io/" + resource;
    auto response = co_await server.get("/apis/metrics.k8s.io/v1beta1/" + resource, timeout);
    if (!response) {
        if (response.error().code != ErrorCode::Cancelled) sink.lost(cluster, source, response.error());
        co_return;
    }
    auto samples = read(std::move(response->body), MeasuredObjects(objects, cluster));
    if (samples)
        sink.samples(cluster, source, {}, *samples);
    else
        sink.lost(cluster, source, samples.error());
}

}  // namespace

Task<void> MetricsApiSource::look(MetricSink& sink) {
    co_await lookAtList(server_, objects_, "nodes", samplesOfNodes, sink);
    co_await lookAtList(server_, objects_, "pods", samplesOfPods, sink);
}

}  // namespace klaw::scrape
