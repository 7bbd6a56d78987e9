#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/scrape/metric_source.hpp"

namespace klaw::scrape {

/// A way to people, and for how long nothing has arrived over it.
struct ChannelOutage {
    std::string channel;
    Duration lasts{};  ///< zero while all is well
};

/// How Klaw itself fares: source "klaw" of the cluster rules::agentCluster.
class AgentSource final : public MetricSource {
public:
    AgentSource(Duration every, std::function<std::vector<ChannelOutage>()> channels)
        : every_(every), channels_(std::move(channels)) {}
    std::string name() const override { return "Klaw itself"; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    Duration every_;
    std::function<std::vector<ChannelOutage>()> channels_;
};

}  // namespace klaw::scrape
