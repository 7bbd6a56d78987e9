#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/api_server.hpp"
#include "agent/scrape/metric_source.hpp"

namespace klaw::scrape {

/// A resource that is watched, and for how long the watch has failed.
struct WatchOutage {
    std::string resource;
    Duration lasts{};  ///< zero while all is well
};

/// A source of metrics, and for how long it has not answered.
struct SourceSilence {
    std::string source;
    Duration lasts{};  ///< zero while it answers
};

/// The node whose kubelet the source is, whichever of its pages; empty for other sources.
std::string_view nodeOfKubelet(std::string_view source);

/// Without kubelets of nodes that have left: of those there is nothing but failures at last. No nodes: none is known.
std::vector<SourceSilence> ofPresentNodes(std::vector<SourceSilence> silences,
                                          const std::set<std::string, std::less<>>& nodes);

/// Whether the API server answers and says that it is ready, and how what is asked of the cluster fares: source
/// "api server".
class ApiServerSource final : public MetricSource {
public:
    /// References outlive it.
    ApiServerSource(kube::ApiServer& server, Duration every, std::function<std::vector<WatchOutage>()> watches,
                    std::function<std::vector<SourceSilence>()> silences)
        : server_(server), every_(every), watches_(std::move(watches)), silences_(std::move(silences)) {}
    std::string name() const override { return "API server of " + server_.access().name; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    kube::ApiServer& server_;
    Duration every_;
    std::function<std::vector<WatchOutage>()> watches_;
    std::function<std::vector<SourceSilence>()> silences_;
};

/// source_silent_seconds; of the kubelet of a node it is about the node.
rules::Sample silenceSample(const std::string& cluster, const SourceSilence& silence);

}  // namespace klaw::scrape
