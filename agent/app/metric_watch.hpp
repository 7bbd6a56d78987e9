#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/app/cluster_watch.hpp"
#include "agent/app/config.hpp"
#include "agent/app/metric_board.hpp"
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

/// Asks every source of metrics that the rules need, each on its own. On the loop thread.
class MetricWatch {
public:
    using Clusters = std::vector<std::unique_ptr<ClusterWatch>>;

    /// References outlive it.
    MetricWatch(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                const rules::ObjectSource& objects, MetricEvents events);
    ~MetricWatch();

    /// Asks the sources that these rules need. One that is asked in the same way as before goes on: what it has seen so
    /// far, the age of a lease say, is not forgotten.
    void follow(std::shared_ptr<const rules::RuleSet> rules, const MetricsConfig& config, const Clusters& clusters);
    /// Until no source that is asked no longer still runs.
    Task<void> settled();
    Task<void> stop();

    /// Those that have been asked.
    std::vector<MetricSourceStatus> status() const { return board_.all(); }
    /// Why the rule cannot be judged in a cluster; empty when it can.
    std::string unavailable(const rules::Rule& rule) const { return board_.unavailable(rule); }

private:
    class Asked;
    using Make = std::function<std::unique_ptr<scrape::MetricSource>()>;
    /// By what they are and all that tells how they are asked.
    using Wanted = std::map<std::string, Make>;

    /// Those of what the cluster itself tells, as far as `sources` has them.
    void addBuiltin(ClusterWatch& cluster, const std::set<rules::BuiltinMetric::Source>& sources,
                    const MetricsConfig& config, Wanted& wanted);
    void addPages(const MetricsConfig& config, const Clusters& clusters, Wanted& wanted);
    void askThese(Wanted wanted);
    void end(std::unique_ptr<Asked> asked);
    bool isRead(std::string_view metric) const;

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& client_;
    const rules::ObjectSource& objects_;
    MetricEvents events_;
    std::shared_ptr<const rules::RuleSet> rules_;
    MetricBoard board_;
    std::map<std::string, std::unique_ptr<Asked>> asked_;
    TaskGroup ending_;
};

}  // namespace klaw::app
