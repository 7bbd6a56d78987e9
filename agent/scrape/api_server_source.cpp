#include "agent/scrape/api_server_source.hpp"

#include <algorithm>
#include <array>

namespace klaw::scrape {
namespace {

constexpr Duration timeout = 10s;
// It answers, if only that we may not ask.
constexpr std::array answers{ErrorCode::PermissionDenied, ErrorCode::Unauthenticated, ErrorCode::NotFound};

}  // namespace

std::string_view nodeOfKubelet(std::string_view source) {
    constexpr std::string_view ofKubelet = "kubelet ";
    if (!source.starts_with(ofKubelet)) return {};
    auto node = source.substr(ofKubelet.size());
    return node.substr(0, node.find(' '));
}

std::vector<SourceSilence> ofPresentNodes(std::vector<SourceSilence> silences,
                                          const std::set<std::string, std::less<>>& nodes) {
    std::erase_if(silences, [&](const SourceSilence& silence) {
        auto node = nodeOfKubelet(silence.source);
        return !node.empty() && !nodes.empty() && !nodes.contains(node);
    });
    return silences;
}

rules::Sample silenceSample(const std::string& cluster, const SourceSilence& silence) {
    rules::ObjectRef about;
    about.cluster = cluster;
    rules::Labels labels{{"source", silence.source}};
    if (std::string node(nodeOfKubelet(silence.source)); !node.empty()) {
        labels.emplace("node", node);
        about = {cluster, "nodes", "Node", "", node, ""};
    }
    auto seconds = std::chrono::duration<double>(silence.lasts).count();
    return {"source_silent_seconds", std::move(labels), seconds, about, about};
}

Task<void> ApiServerSource::look(MetricSink& sink) {
    const auto& cluster = server_.access().name;
    auto response = co_await server_.get("/readyz", timeout);
    if (!response && response.error().code == ErrorCode::Cancelled) co_return;
    bool up = response || std::ranges::find(answers, response.error().code) != answers.end();
    rules::ObjectRef whole;
    whole.cluster = cluster;
    std::vector<rules::Sample> samples{{"api_server_up", {}, up ? 1.0 : 0.0, whole, whole}};
    for (const auto& watch : watches_()) {
        auto seconds = std::chrono::duration<double>(watch.lasts).count();
        samples.push_back({"watch_failing_seconds", {{"resource", watch.resource}}, seconds, whole, whole});
    }
    for (const auto& silence : silences_()) samples.push_back(silenceSample(cluster, silence));
    sink.samples(cluster, "api server", {}, samples);
}

}  // namespace klaw::scrape
