#include "agent/scrape/kubelet_source.hpp"

#include <algorithm>

#include "agent/scrape/cluster_metrics.hpp"
#include "agent/scrape/prometheus_text.hpp"

namespace klaw::scrape {
namespace {

constexpr Duration timeout = 5s;
std::string sourceOf(KubeletSource::Page page, const std::string& node) {
    auto source = "kubelet " + node;
    if (page == KubeletSource::Page::KubeletResource) source += " resource";
    if (page == KubeletSource::Page::KubeletCadvisor) source += " cadvisor";
    return source;
}

/// An annotation is written by whoever may write nodes: it must stay a path of this node.
bool isPlainPath(std::string_view path) {
    auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
               c == '_' || c == '.';
    };
    return path.starts_with('/') && path.find("..") == std::string_view::npos && std::ranges::all_of(path, plain);
}

std::string pathOf(KubeletSource::Page page, const MeasuredNode& node) {
    if (page == KubeletSource::Page::Kubelet) return "/stats/summary";
    if (page == KubeletSource::Page::KubeletCadvisor) return "/metrics/cadvisor";
    return isPlainPath(node.resourceMetricsPath) ? node.resourceMetricsPath : "/metrics/resource";
}

}  // namespace

Result<std::vector<rules::Sample>> samplesOfKubeletPage(std::string_view page, const MeasuredObjects& objects,
                                                        std::string_view node,
                                                        const std::function<bool(std::string_view)>& wanted) {
    std::vector<rules::Sample> samples;
    bool tooMany = false;
    auto take = [&](std::string_view name, rules::Labels labels, double value) {
        if (samples.size() == maxSeries) {
            tooMany = true;
            return;
        }
        rules::Sample sample{std::string(name), std::move(labels), value, objects.nodeRef(node), objects.nodeRef(node)};
        auto podName = sample.labels.find("pod");
        if (podName != sample.labels.end() && !podName->second.empty()) {
            const auto* pod = objects.pod(sample.labels["namespace"], podName->second);
            if (!pod) return;
            sample.object = pod->object;
            sample.owner = pod->owner;
        }
        sample.labels.try_emplace("node", node);
        samples.push_back(std::move(sample));
    };
    if (auto read = readPrometheusText(page, wanted, take); !read) return fail(std::move(read).error());
    if (tooMany)
        return fail(ErrorCode::ResourceExhausted,
                    "the kubelet gives more than " + std::to_string(maxSeries) + " series that rules read",
                    std::string(node), "let rules read narrower metrics");
    return samples;
}

Task<void> KubeletSource::look(MetricSink& sink) {
    const MeasuredObjects objects(objects_, server_.access().name);
    for (const auto& [name, node] : objects.nodes())
        for (auto page : pages_) co_await lookAt(page, name, objects, sink);
}

Task<void> KubeletSource::lookAt(Page page, std::string node, const MeasuredObjects& objects, MetricSink& sink) {
    const auto& cluster = server_.access().name;
    auto source = sourceOf(page, node);
    auto path = "/api/v1/nodes/" + node + "/proxy" + pathOf(page, *objects.node(node));
    auto response = co_await server_.get(std::move(path), timeout);
    if (!response) {
        if (response.error().code != ErrorCode::Cancelled) sink.lost(cluster, source, response.error());
        co_return;
    }
    auto samples = samplesOf(page, std::move(response->body), node, objects);
    if (samples)
        sink.samples(cluster, source, {}, *samples);
    else
        sink.lost(cluster, source, samples.error());
}

Result<std::vector<rules::Sample>> KubeletSource::samplesOf(Page page, std::string body, const std::string& node,
                                                            const MeasuredObjects& objects) {
    if (page == Page::Kubelet) return samplesOfSummary(std::move(body), objects, node);
    if (page == Page::KubeletResource) return samplesOfKubeletPage(body, objects, node, wanted_);
    bool throttling = wanted_(CpuThrottling::metric);
    auto reads = [&](std::string_view name) { return wanted_(name) || (throttling && CpuThrottling::reads(name)); };
    auto samples = samplesOfKubeletPage(body, objects, node, reads);
    if (samples && throttling) throttling_.add(node, *samples);
    return samples;
}

}  // namespace klaw::scrape
