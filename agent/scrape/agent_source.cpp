#include "agent/scrape/agent_source.hpp"

#include "rules/metric/builtin_metrics.hpp"

namespace klaw::scrape {

Task<void> AgentSource::look(MetricSink& sink) {
    rules::ObjectRef itself;
    itself.cluster = rules::agentCluster;
    std::vector<rules::Sample> samples{{"agent_up", {}, 1.0, itself, itself}};
    for (const auto& channel : channels_()) {
        auto seconds = std::chrono::duration<double>(channel.lasts).count();
        samples.push_back({"delivery_failing_seconds", {{"channel", channel.channel}}, seconds, itself, itself});
    }
    sink.samples(rules::agentCluster, "klaw", {}, samples);
    co_return;
}

}  // namespace klaw::scrape
