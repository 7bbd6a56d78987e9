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

/// Whether the API server answers and says that it is ready, and how the watches fare: source "api server".
class ApiServerSource final : public MetricSource {
public:
    /// References outlive it.
    ApiServerSource(kube::ApiServer& server, Duration every, std::function<std::vector<WatchOutage>()> watches)
        : server_(server), every_(every), watches_(std::move(watches)) {}
    std::string name() const override { return "API server of " + server_.access().name; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    kube::ApiServer& server_;
    Duration every_;
    std::function<std::vector<WatchOutage>()> watches_;
};

}  // namespace klaw::scrape
