#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/alert_book.hpp"
#include "rules/metric/series_window.hpp"
#include "rules/metric/trend.hpp"
#include "rules/metric/window_reading.hpp"
#include "rules/rule_set.hpp"
#include "rules/sample.hpp"

namespace klaw::rules {

/// Metric and PromQL rules: holds samples against thresholds and tells the book. Lost data neither fires nor resolves:
/// the alert says since when nothing is known.
class MetricRules {
public:
    using Transitions = AlertBook::Transitions;
    /// Told of each sample that meets its rule.
    using Matched = std::function<void(const Rule& rule)>;

    /// `book` outlives it.
    MetricRules(AlertBook& book, Matched matched) : book_(book), matched_(std::move(matched)) {}

    /// An alert of a metric or PromQL rule from before a restart.
    void restore(const Alert& alert);
    /// Readings of windows from before a restart, by time.
    void restore(std::vector<WindowReading> readings);
    void observe(const RuleSet& rules, const SampleBatch& batch, TimePoint now, Transitions& out);
    /// Those since the last call that the next start needs.
    std::vector<WindowReading> takeReadings() { return std::exchange(fresh_, {}); }
    /// From when on a rule with a window can be judged, where it cannot be yet though its series are there.
    std::optional<TimePoint> notCoveredBefore(const Rule& rule) const;
    /// The source has not answered.
    void lost(std::string_view cluster, std::string_view source, TimePoint now, Transitions& out);
    /// Forgets the series of rules that are gone.
    void keepRules(const RuleSet& rules);
    void keepClusters(const std::set<std::string, std::less<>>& clusters);
    std::size_t series() const;

private:
    /// A series that has an alert or a window.
    struct Series {
        std::string rule;
        SeriesWindow window;
        RecentValues recent;  ///< as judged; empty where the window's readings show the same
        TimePoint lastSeen{};
        bool ofObject = false;  ///< then it ends with the object, not with the readings
        unsigned missed = 0;    ///< batches in a row
    };
    struct Restored {
        std::string rule;
        std::string cluster;
        std::optional<TimePoint> awaitedSince;
    };
    using Source = std::pair<std::string, std::string>;  ///< cluster, source
    using SeriesOfSource = std::map<std::string, Series, std::less<>>;

    void observeSample(const Rule& rule, const SampleBatch& batch, const Sample& sample, SeriesOfSource& known,
                       TimePoint now, Transitions& out);
    std::optional<double> valueOf(const Rule& rule, const Sample& sample, const std::string& fingerprint,
                                  Series& series, TimePoint now);
    void takeRestored(const std::string& key, TimePoint now, SeriesWindow& window);
    static Course seriesCourse(const Rule& rule, const Series& series);
    void judge(const Rule& rule, const Sample& sample, double value, const Series& series, Alert draft, TimePoint now,
               Transitions& out);
    void cease(const Rule& rule, const Series& series, std::string_view fingerprint, TimePoint now, Transitions& out);
    void missing(const SampleBatch& batch, SeriesOfSource& known, TimePoint now, Transitions& out);
    void awaitRestored(const RuleSet& rules, const SampleBatch& batch, TimePoint now, Transitions& out);

    AlertBook& book_;
    Matched matched_;
    std::map<Source, SeriesOfSource> sources_;
    std::map<std::string, Restored, std::less<>> restored_;                                   ///< by fingerprint
    std::map<std::string, std::deque<SeriesWindow::Reading>, std::less<>> restoredReadings_;  ///< by key
    std::optional<TimePoint> readingsRestored_;  ///< when the first of them were looked for
    std::vector<WindowReading> fresh_;
};

}  // namespace klaw::rules
