#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.hpp"
#include "base/result.hpp"
#include "rules/sample.hpp"

namespace klaw::scrape {

/// Of one page or answer; more would be kept in memory between looks.
constexpr std::size_t maxSeries = 200'000;

/// Takes what the sources find. On the loop thread.
class MetricSink {
public:
    virtual ~MetricSink() = default;
    /// All that `source` says now; `rule` as in rules::SampleBatch.
    virtual void samples(std::string_view cluster, std::string_view source, std::string_view rule,
                         const std::vector<rules::Sample>& samples) = 0;
    virtual void lost(std::string_view cluster, std::string_view source, const Error& error) = 0;
};

/// Something that is asked for metrics now and then. On the loop thread.
class MetricSource {
public:
    virtual ~MetricSource() = default;
    virtual std::string name() const = 0;  ///< for the log: "metrics.k8s.io of prod"
    virtual Duration every() const = 0;
    /// One look; tells the sink of everything that it asked.
    virtual Task<void> look(MetricSink& sink) = 0;
};

}  // namespace klaw::scrape
