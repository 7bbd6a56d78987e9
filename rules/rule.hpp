#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rules/alert.hpp"
#include "rules/cel/program.hpp"
#include "rules/condition_filter.hpp"
#include "rules/metric/comparison.hpp"
#include "rules/metric/series_selector.hpp"

namespace klaw::rules {

/// Text for people with `${expression}` parts, in both languages.
struct LocalizedTemplate {
    cel::Template en;
    cel::Template zh;
    LocalizedText render(std::span<const cel::Value> bindings) const {
        return {en.render(bindings), zh.render(bindings)};
    }
};

/// Occurrences that make an event rule's alert: at least `minimum` within `window`.
struct Threshold {
    std::uint64_t minimum = 1;
    Duration window = 10min;
    friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// What the occurrences of an event rule are counted by; each adds its labels to the alert.
enum class EventScope { InvolvedObject, Namespace, Node, Reason };

/// Which Events an event rule looks at. An empty list or text accepts everything.
struct EventSelector {
    std::string type;  ///< "Warning", "Normal"
    std::vector<std::string> reasons;
    std::vector<std::string> involvedKinds;
};

/// Another alert that keeps this one quiet while it fires, where these labels are the same.
struct Inhibitor {
    std::string alert;
    std::vector<std::string> equal;  ///< "cluster", "namespace", "node", "owner" or labels
    friend bool operator==(const Inhibitor&, const Inhibitor&) = default;
};

/// A compiled rule. Immutable.
///
/// Slots of the expressions of a resource rule: object, old, item, now, cluster; of an event rule: event, cluster,
/// count; of a metric or PromQL rule: labels, cluster, value, shown, latest; of a rule about absence: cluster.
struct Rule {
    enum class Kind { Resource, Event, Metric, Promql };

    std::string name;        ///< the alert's name, unique in a RuleSet
    std::string formerName;  ///< before an override renamed it; else the same
    std::string group;       ///< of the file
    std::string source;      ///< "file:line" for `klaw rules list`
    std::string text;        ///< YAML of the whole rule, as writeRule() has it
    Kind kind = Kind::Resource;
    Severity severity = Severity::Warning;
    Duration holdFor{};        ///< `for`
    Duration lookback{};       ///< the condition counts as met that long after it last was
    Duration keepFiringFor{};  ///< stays firing that long after the condition, or after the last new occurrence

    std::vector<std::string> resources;       ///< canonical; "events" for an event rule
    std::optional<cel::Program> each;         ///< one alert per element
    std::vector<std::string> eachPath;        ///< where `each` is plain: {"status", "containerStatuses"}
    std::optional<cel::Program> when;         ///< always there for a resource rule
    ConditionFilter filter;                   ///< of `when`
    std::optional<cel::Program> since;        ///< when the trouble began; a timestamp or its text
    std::optional<cel::Program> notBefore;    ///< a time before which the condition does not count
    std::optional<cel::Template> occurrence;  ///< a new value is a new occurrence
    std::optional<cel::Template> waitAnew;    ///< a new value begins the wait of a pending alert anew
    bool countsOccurrences = false;           ///< of a resource: the alert holds while `threshold` is met by them
    bool labelsElement = false;               ///< alerts carry a label `element`, as no other label reads `item`

    EventSelector event;
    Threshold threshold;
    std::vector<EventScope> per;

    SeriesSelector series;            ///< of a metric rule
    std::string promql;               ///< of a PromQL rule
    Duration every = 30s;             ///< how often the PromQL server is asked
    Comparison bound;                 ///< metric and PromQL rules: the condition
    std::optional<Comparison> clear;  ///< what a firing alert must meet to end; without it: not meeting `bound`
    std::optional<Duration> absent;   ///< event and metric rules: fires when nothing was seen for so long

    std::vector<Inhibitor> inhibitedBy;
    std::vector<std::pair<std::string, cel::Template>> labels;
    std::vector<std::pair<std::string, cel::Template>> facts;
    LocalizedTemplate title;
    LocalizedTemplate description;
    LocalizedTemplate runbook;
    std::vector<std::string> enrich;
    std::vector<std::string> actions;
    std::vector<std::string> notify;
    Ring ring = Ring::None;            ///< those who are called by name, beside what routes say
    std::vector<std::string> groupBy;  ///< "owner", "node", "object" or label names; empty: namespace and owner

    bool readsNow = false;
    bool readsOld = false;

    /// The alert follows what happened in a sliding window, not what is.
    bool followsWindow() const { return countsOccurrences || (kind == Kind::Event && !absent); }
};

/// Places of the variables of a resource rule. Rules without `each` have no `item`.
struct ResourceSlots {
    enum : std::size_t { Object, Old, Now, Cluster, Item, Size };
    static cel::Environment environment(const cel::Type& object, const std::optional<cel::Type>& item);
};
/// Places of the variables of a metric or PromQL rule. `shown` is the value as people write it: "93.4%"; `latest` the
/// newest reading, of which a window function makes the value.
struct MetricSlots {
    enum : std::size_t { Labels, Cluster, Value, Shown, Latest, Size };
    static const cel::Environment& environment(bool withValue);
};
/// Places of the variables of a rule about absence.
struct AbsenceSlots {
    enum : std::size_t { Cluster, Size };
    static const cel::Environment& environment();
};
/// Places of the variables of an event rule. Only texts and facts know `count`.
struct EventSlots {
    enum : std::size_t { Event, Cluster, Count, Size };
    static const cel::Environment& environment(bool withCount);
};

}  // namespace klaw::rules
