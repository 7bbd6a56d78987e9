#include "rules/metric/metric_rules.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "rules/evaluation.hpp"

namespace klaw::rules {
namespace {

/// A scrape may miss a series once, for example while its exporter starts.
constexpr unsigned toleratedMisses = 1;
/// After a restart every source has spoken by then.
constexpr Duration restoredPatience = 5min;
constexpr Duration readingsPatience = 1h;
constexpr const char* trendFact = "trend";

bool isMetricKind(const Rule& rule) {
    return rule.kind == Rule::Kind::Metric || rule.kind == Rule::Kind::Promql;
}

/// Readings of another function or window would say something else.
std::string windowKey(const std::string& fingerprint, const SeriesWindow& window) {
    return fingerprint + "/" + std::to_string(static_cast<int>(window.function())) + "/" +
           std::to_string(window.window().count());
}

/// What a card shows stays as it was when the alert began: a value moves all the time.
void keepShown(Alert& draft, const Alert& known) {
    draft.title = known.title;
    draft.description = known.description;
    draft.runbook = known.runbook;
    draft.facts = known.facts;
    draft.course = known.course;
}

/// Nothing where the rule has a fact of this name itself.
void showCourse(const Rule& rule, Course course, Alert& alert) {
    auto own = [](const auto& fact) { return fact.first == trendFact; };
    auto text = trendText(course);
    if (text.empty() || std::ranges::any_of(rule.facts, own)) return;
    alert.facts[trendFact] = std::move(text);
    alert.course = std::move(course);
}

/// Whether what is judged is of the kind of what is read: then the readings of the window show how it came about.
bool judgesReadings(const SeriesSelector& series) {
    using Function = SeriesSelector::Function;
    return series.function == Function::Average || series.function == Function::Maximum ||
           series.function == Function::Minimum;
}

}  // namespace

void MetricRules::restore(const Alert& alert) {
    restored_.insert_or_assign(alert.fingerprint, Restored{alert.rule, alert.cluster, std::nullopt});
}

void MetricRules::restore(std::vector<WindowReading> readings) {
    for (const auto& [series, place, reading] : readings) restoredReadings_[series].push_back(reading);
}

void MetricRules::observe(const RuleSet& rules, const SampleBatch& batch, TimePoint now, Transitions& out) {
    auto& known = sources_[{std::string(batch.cluster), std::string(batch.source)}];
    const auto* only = batch.rule.empty() ? nullptr : rules.find(batch.rule);
    if (!batch.rule.empty() && (!only || only->kind != Rule::Kind::Promql)) return;
    for (const auto& sample : batch.samples) {
        if (only) {
            observeSample(*only, batch, sample, known, now, out);
            continue;
        }
        for (auto position : rules.rulesForMetric(sample.metric)) {
            const auto& rule = rules.rules()[position];
            if (!rule.absent && rule.series.selects(sample)) observeSample(rule, batch, sample, known, now, out);
        }
    }
    missing(batch, known, now, out);
    awaitRestored(rules, batch, now, out);
}

void MetricRules::observeSample(const Rule& rule, const SampleBatch& batch, const Sample& sample, SeriesOfSource& known,
                                TimePoint now, Transitions& out) {
    auto draft = draftOfSample(rule, batch.cluster, sample, now);
    auto at = known.try_emplace(draft.fingerprint).first;
    auto& series = at->second;
    series.rule = rule.name;
    series.lastSeen = now;
    series.missed = 0;
    series.ofObject = !sample.object.uid.empty();
    restored_.erase(at->first);
    if (auto value = valueOf(rule, sample, at->first, series, now)) {
        if (!judgesReadings(rule.series)) series.recent.add(*value, now);
        if (std::isnan(*value))
            book_.suspend(at->first, now, out);
        else
            judge(rule, sample, *value, series, std::move(draft), now, out);
    }
    if (rule.series.window == Duration{} && !book_.find(at->first)) known.erase(at);
}

std::optional<double> MetricRules::valueOf(const Rule& rule, const Sample& sample, const std::string& fingerprint,
                                           Series& series, TimePoint now) {
    const auto& [function, length] = std::tie(rule.series.function, rule.series.window);
    if (length == Duration{} || std::isnan(sample.value)) return sample.value;
    auto& window = series.window;
    if (window.function() != function || window.window() != length) {
        window = SeriesWindow(function, length);
        takeRestored(windowKey(fingerprint, window), now, window);
    }
    if (window.add(sample.value, now)) {
        const auto& reading = window.recorded();
        fresh_.push_back({windowKey(fingerprint, window),
                          static_cast<std::uint32_t>(window.numberOf(reading.at) % windowPlaces), reading});
    }
    return window.over(now);
}

/// What is not asked for soon belongs to series that are gone.
void MetricRules::takeRestored(const std::string& key, TimePoint now, SeriesWindow& window) {
    if (restoredReadings_.empty()) return;
    if (!readingsRestored_) readingsRestored_ = now;
    if (auto readings = restoredReadings_.extract(key)) window.restore(std::move(readings.mapped()));
    if (now - *readingsRestored_ > readingsPatience) restoredReadings_.clear();
}

std::optional<TimePoint> MetricRules::notCoveredBefore(const Rule& rule) const {
    std::optional<TimePoint> from;
    if (rule.series.window == Duration{}) return from;
    for (const auto& [source, known] : sources_)
        for (const auto& [fingerprint, series] : known) {
            auto covered = series.window.coveredFrom();
            if (series.rule != rule.name || !covered) continue;
            if (*covered <= series.lastSeen) return std::nullopt;
            from = std::min(from.value_or(*covered), *covered);
        }
    return from;
}

void MetricRules::judge(const Rule& rule, const Sample& sample, double value, const Series& series, Alert draft,
                        TimePoint now, Transitions& out) {
    const auto* known = book_.find(draft.fingerprint);
    bool firing = known && known->firedAt;
    bool holds = firing && rule.clear ? !rule.clear->holds(value)
                                      : rule.bound.holds(value) && admitsSample(rule, draft.cluster, sample, value);
    if (!holds) return cease(rule, series, draft.fingerprint, now, out);
    matched_(rule);
    if (firing) {
        keepShown(draft, *known);
    } else {
        renderSample(rule, sample, value, draft);
        showCourse(rule, seriesCourse(rule, series), draft);
    }
    book_.hold(std::move(draft), {rule.keepFiringFor, false, rule.lookback}, now, out);
}

Course MetricRules::seriesCourse(const Rule& rule, const Series& series) {
    return courseOf(judgesReadings(rule.series) ? series.window.readings() : series.recent.readings(), rule.bound);
}

/// The card of the end shows how it went on.
void MetricRules::cease(const Rule& rule, const Series& series, std::string_view fingerprint, TimePoint now,
                        Transitions& out) {
    auto first = out.size();
    book_.cease(fingerprint, now, out);
    for (auto at = first; at < out.size(); ++at)
        if (out[at].reason == Transition::Reason::Resolved) showCourse(rule, seriesCourse(rule, series), out[at].alert);
}

/// What the source named before and does not name now.
void MetricRules::missing(const SampleBatch& batch, SeriesOfSource& known, TimePoint now, Transitions& out) {
    unsigned tolerated = batch.rule.empty() ? toleratedMisses : 0;
    for (auto at = known.begin(); at != known.end();) {
        auto& [fingerprint, series] = *at;
        if (series.lastSeen == now || ++series.missed <= tolerated) {
            ++at;
            continue;
        }
        if (series.ofObject && book_.find(fingerprint)) {
            book_.suspend(fingerprint, now, out);
            ++at;
            continue;
        }
        book_.cease(fingerprint, now, out);
        at = known.erase(at);
    }
}

/// A series that had an alert before the restart and that no source names any more.
void MetricRules::awaitRestored(const RuleSet& rules, const SampleBatch& batch, TimePoint now, Transitions& out) {
    for (auto at = restored_.begin(); at != restored_.end();) {
        auto& [fingerprint, restored] = *at;
        const auto* rule = rules.find(restored.rule);
        bool concerned = rule && isMetricKind(*rule) && restored.cluster == batch.cluster &&
                         (rule->kind == Rule::Kind::Promql ? batch.rule == rule->name : batch.rule.empty());
        if (concerned && !restored.awaitedSince) restored.awaitedSince = now;
        bool late = concerned && now - *restored.awaitedSince >= restoredPatience;
        if (late) book_.cease(fingerprint, now, out);
        at = late || !book_.find(fingerprint) ? restored_.erase(at) : std::next(at);
    }
}

void MetricRules::lost(std::string_view cluster, std::string_view source, TimePoint now, Transitions& out) {
    auto known = sources_.find({std::string(cluster), std::string(source)});
    if (known == sources_.end()) return;
    for (const auto& [fingerprint, series] : known->second) book_.suspend(fingerprint, now, out);
}

void MetricRules::keepRules(const RuleSet& rules) {
    auto gone = [&](const std::string& name) {
        const auto* rule = rules.find(name);
        return !rule || !isMetricKind(*rule);
    };
    for (auto& [source, known] : sources_)
        std::erase_if(known, [&](const auto& entry) { return gone(entry.second.rule); });
    std::erase_if(restored_, [&](const auto& entry) { return gone(entry.second.rule); });
}

void MetricRules::keepClusters(const std::set<std::string, std::less<>>& clusters) {
    std::erase_if(sources_, [&](const auto& entry) { return !clusters.contains(entry.first.first); });
    std::erase_if(restored_, [&](const auto& entry) { return !clusters.contains(entry.second.cluster); });
}

std::size_t MetricRules::series() const {
    std::size_t count = 0;
    for (const auto& [source, known] : sources_) count += known.size();
    return count;
}

}  // namespace klaw::rules
