#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/app/cluster_watch.hpp"
#include "agent/app/config.hpp"
#include "agent/scrape/agent_source.hpp"
#include "agent/scrape/http_source.hpp"
#include "agent/scrape/metric_source.hpp"
#include "rules/metric/builtin_metrics.hpp"

namespace klaw::app {

/// What metrics report to the agent.
struct MetricEvents {
    std::function<void(const rules::SampleBatch&)> samples;
    std::function<void(std::string_view cluster, std::string_view source, const Error& error)> lost;
    std::function<std::vector<scrape::ChannelOutage>()> channels;  ///< asked how they fare
};

/// How a source of metrics fares.
struct MetricSourceStatus {
    std::string cluster;
    std::string source;
    std::string lastError;  ///< empty while it answers
    std::optional<TimePoint> lastAnswer;
    std::size_t samples = 0;  ///< of the last answer
};

/// Asks every source of metrics that the rules need, each on its own. On the loop thread.
class MetricWatch final : scrape::MetricSink {
public:
    using Clusters = std::vector<std::unique_ptr<ClusterWatch>>;

    /// References outlive it.
    MetricWatch(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                const rules::ObjectSource& objects, MetricEvents events);

    /// Begins anew with the sources that these rules need.
    void follow(std::shared_ptr<const rules::RuleSet> rules, const MetricsConfig& config, const Clusters& clusters);
    /// Until no source that is asked no longer still runs.
    Task<void> settled();
    Task<void> stop();

    /// Those that are asked, and those that a rule needs and nobody has configured.
    std::vector<MetricSourceStatus> status() const;
    /// Why the rule cannot be judged in a cluster; empty when it can.
    std::string unavailable(const rules::Rule& rule) const;

private:
    void samples(std::string_view cluster, std::string_view source, std::string_view rule,
                 const std::vector<rules::Sample>& samples) override;
    void lost(std::string_view cluster, std::string_view source, const Error& error) override;
    /// Those of what the cluster itself tells, as far as `sources` has them.
    void addBuiltin(ClusterWatch& cluster, const std::set<rules::BuiltinMetric::Source>& sources,
                    const MetricsConfig& config, const std::function<bool(std::string_view)>& wanted);
    void add(std::unique_ptr<scrape::MetricSource> source);
    Task<void> run(std::shared_ptr<scrape::MetricSource> source);
    void endRunning();

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& client_;
    const rules::ObjectSource& objects_;
    MetricEvents events_;
    std::map<std::pair<std::string, std::string>, MetricSourceStatus> status_;  ///< by cluster and source
    bool promqlMissing_ = false;
    bool pagesAsked_ = false;  ///< targets or annotated Pods
    std::unique_ptr<TaskGroup> running_;
    TaskGroup ending_;
};

}  // namespace klaw::app
