#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/scrape/api_server_source.hpp"
#include "base/result.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/rule.hpp"
#include "rules/sample.hpp"

namespace klaw::app {

/// How a source of metrics fares.
struct MetricSourceStatus {
    std::string cluster;
    std::string source;
    std::string lastError;  ///< empty while it answers
    std::optional<ErrorCode> errorCode;
    std::optional<TimePoint> lastAnswer;
    std::optional<TimePoint> failingSince;
    std::size_t samples = 0;                       ///< of the last answer
    std::uint64_t failures = 0;                    ///< so far
    std::set<std::string, std::less<>> pageNames;  ///< metrics of the last answer that are not built in
};

/// What the sources of metrics have answered, and which rules cannot be judged for it. Pure; time as a parameter.
class MetricBoard {
public:
    using Source = std::pair<std::string, std::string>;  ///< cluster and name

    /// What is asked by the configuration.
    struct Asked {
        std::vector<std::string> clusters;
        bool kubelets = false;
        bool pages = false;  ///< targets or annotated Pods
        bool prometheus = false;
    };
    void setAsked(Asked asked) { asked_ = std::move(asked); }

    /// True when it had failed.
    bool answered(std::string_view cluster, std::string_view source, const std::vector<rules::Sample>& samples,
                  TimePoint now);
    /// True when it says something new.
    bool failed(std::string_view cluster, std::string_view source, const Error& error, TimePoint now);
    /// Sources that nobody asks any more.
    void forget(const std::set<Source>& sources);

    std::vector<MetricSourceStatus> all() const;
    /// Why the rule cannot be judged in some cluster; empty when it can.
    std::string unavailable(const rules::Rule& rule) const;
    /// Sources of a cluster and for how long they have not answered; zero while they do. Those that were never there,
    /// may not be asked or have just begun to be asked are not among them, nor are the pages of Pods, which come and
    /// go.
    std::vector<scrape::SourceSilence> silences(std::string_view cluster, TimePoint now) const;

private:
    MetricSourceStatus& statusOf(std::string_view cluster, std::string_view source);
    std::string failing(std::string_view prefix) const;
    std::string unansweredBuiltin(const rules::BuiltinMetric& metric) const;
    std::string unansweredPage(std::string_view metric) const;

    Asked asked_;
    std::map<Source, MetricSourceStatus> status_;
};

}  // namespace klaw::app
