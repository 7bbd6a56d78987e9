#pragma once

#include <functional>
#include <string>
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
