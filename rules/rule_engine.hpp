#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/absence_rules.hpp"
#include "rules/alert.hpp"
#include "rules/alert_book.hpp"
#include "rules/change.hpp"
#include "rules/evaluation.hpp"
#include "rules/event_windows.hpp"
#include "rules/metric/metric_rules.hpp"
#include "rules/received_alert.hpp"
#include "rules/rule_set.hpp"

namespace klaw::rules {

/// What the engine adds to; the caller clears it. Order is the order in which things happened.
struct EngineOutput {
    std::vector<Transition> transitions;
    std::vector<EventCounter> counters;   ///< to be stored in the same transaction as the transitions
    std::vector<WindowReading> readings;  ///< of windows over metrics: likewise
};

/// The objects that are known now: the observers' caches.
class ObjectSource {
public:
    virtual ~ObjectSource() = default;
    /// For rules that read the clock.
    virtual void forEach(std::string_view cluster, std::string_view resource,
                         const std::function<void(PackedView)>& visit) const = 0;
    /// Missing when unknown. For the owner of an Event's object.
    virtual PackedView find(std::string_view cluster, std::string_view resource, std::string_view uid) const = 0;
};

struct EngineOptions {
    Duration recheckEvery = 15s;  ///< how often rules that read the clock are looked at again
    /// Time that only goes on, for what evaluations cost; without it that is not measured.
    std::function<Duration()> stopwatch;
    /// What alerts of others are called that tell of the same as a rule: their name → the rule's.
    std::map<std::string, std::string, std::less<>> namesElsewhere;
    /// Objects that are looked at again in one call. For the rest due() is due again at once.
    std::size_t lookedAtOnce = 500;
};

struct RuleCounters {
    std::uint64_t matches = 0;  ///< evaluations that were true
    std::uint64_t errors = 0;   ///< evaluations that failed otherwise than by an absent field
    std::string lastError;
    std::uint64_t evaluations = 0;  ///< of the condition, for objects and Events that passed the index
    std::uint64_t measured = 0;     ///< of these
    Duration spent{};               ///< with those measured
};

/// Decides what is wrong: Changes in, Transitions out. Knows the time only from its parameters, which must not go
/// backwards. Not thread-safe; the same calls give the same output.
class RuleEngine {
public:
    /// `objects` must outlive the engine.
    RuleEngine(std::shared_ptr<const RuleSet> rules, const ObjectSource& objects, EngineOptions options = {});

    /// Facts from before a restart; call once, before anything else. Pending and firing alerts go on, but nothing fires
    /// or changes until their object has been seen again. Resolved alerts may be given: they tell which occurrences are
    /// spent. `lastAlive`: when the agent before this one was last known to run; occurrences since then are news. By
    /// default the newest time among the facts.
    void restore(std::vector<Alert> alerts, std::vector<EventCounter> counters,
                 std::optional<TimePoint> lastAlive = std::nullopt);

    /// Readings of windows over metrics from before a restart, by time; before anything is observed.
    void restoreReadings(std::vector<WindowReading> readings) { metrics_.restore(std::move(readings)); }

    void apply(const Change& change, TimePoint now, EngineOutput& out);
    /// Everything that one source of metrics says now.
    void observe(const SampleBatch& batch, TimePoint now, EngineOutput& out);
    /// A source of metrics has not answered: what it knew is not known any more.
    void sourceLost(std::string_view cluster, std::string_view source, TimePoint now, EngineOutput& out);
    /// What another system has decided. Firing once more changes nothing but what is shown.
    void receive(std::vector<ReceivedAlert> alerts, TimePoint now, EngineOutput& out);
    /// After the first and every later full list: alerts whose object vanished while nobody watched are resolved. For
    /// "events" rules about absence begin to wait.
    void listCompleted(std::string_view cluster, std::string_view resource,
                       const std::function<bool(std::string_view uid)>& exists, TimePoint now, EngineOutput& out);
    /// What time alone brings about: `for` that has passed, windows that have emptied, rules that read the clock.
    void due(TimePoint now, EngineOutput& out);
    /// When due() has to be called next; may be in the past.
    std::optional<TimePoint> nextDue() const;

    /// Alerts keep their state, pending times included, where a rule of their name still looks at the same resource;
    /// the others resolve. New and changed conditions meet an object with its next Change or by reevaluate().
    void replaceRules(std::shared_ptr<const RuleSet> rules, TimePoint now, EngineOutput& out);
    /// Looks at all known objects of a resource as if each had just been modified, with `old` equal to the object: at
    /// the first of them, and with due() at the others. After replaceRules, once the fields of the new rules are there
    /// (a relist reports them as Modified by itself).
    void reevaluate(std::string_view cluster, std::string_view resource, TimePoint now, EngineOutput& out);

    /// The clusters that are watched from now on: what was known of others ends. Alerts that another system decides are
    /// its business.
    void keepClusters(const std::set<std::string, std::less<>>& clusters, TimePoint now, EngineOutput& out);

    const RuleSet& rules() const { return *rules_; }
    const Alert* find(std::string_view fingerprint) const { return book_.find(fingerprint); }
    /// Pending and firing, by fingerprint.
    void forEachAlert(const std::function<void(const Alert&)>& visit) const { book_.forEach(visit); }
    /// By rule; without its evaluations.
    const std::map<std::string, RuleCounters, std::less<>>& counters() const { return counters_; }
    RuleCounters countersOf(std::string_view rule) const;
    /// Why a rule with a window over a metric cannot be judged yet; empty when it can.
    std::string windowNotCovered(const Rule& rule) const;

private:
    struct Effort {
        std::uint64_t evaluations = 0, measured = 0;
        Duration spent{};
    };
    template <class Work>
    auto measured(const Rule& rule, Work work);
    void evaluateObject(const Change& change, TimePoint now, EngineOutput& out);
    void evaluateRule(const Rule& rule, const Change& change, bool hasAlerts, TimePoint now, EngineOutput& out);
    bool countOccurrence(const Rule& rule, const Change& change, Alert& draft, TimePoint now, EngineOutput& out);
    void ceaseOthers(const Rule& rule, const Change& change, const Evaluation& evaluation, TimePoint now,
                     EngineOutput& out);
    void objectDeleted(const Change& change, TimePoint now, EngineOutput& out);
    void observeEvent(const Change& change, TimePoint now, EngineOutput& out);
    void countEvent(const Rule& rule, const Change& change, TimePoint now, EngineOutput& out);
    void raiseEvent(const Rule& rule, const Change& change, Alert draft, const EventWindows::Counted& counted,
                    TimePoint now, EngineOutput& out);
    /// Objects that are to be looked at again, by all rules or by those that read the clock.
    struct Look {
        std::string cluster, resource;
        bool clockOnly = false;
        std::vector<std::string> uids;  ///< from the last one on
    };
    void recheck(TimePoint now);
    void addLook(std::string_view cluster, std::string_view resource, bool clockOnly);
    void lookOn(TimePoint now, EngineOutput& out);
    void lookAt(const Look& look, PackedView object, TimePoint now, EngineOutput& out);
    bool collectRules(const Change& change);
    void awaitAbsence(Rule::Kind kind, std::string_view cluster, TimePoint now, EngineOutput& out);
    void nameReceived(Alert& alert) const;
    void placeReceived(std::vector<ReceivedAlert>& alerts) const;
    void noteSeen(const Rule& rule, const Change& change, TimePoint now, EngineOutput& out);
    void remember(std::string_view cluster, std::string_view resource, TimePoint now);
    bool followsSame(const Alert& alert) const;
    void forgetWindows(std::size_t firstTransition, const EngineOutput& out);
    void keepEfforts(const RuleSet& before);
    void noteError(const Rule& rule, const std::string& error);

    std::shared_ptr<const RuleSet> rules_;
    const ObjectSource& objects_;
    EngineOptions options_;
    AlertBook book_;
    EventWindows windows_;
    MetricRules metrics_;
    AbsenceRules absences_;
    std::vector<std::string> orphans_;  ///< restored alerts whose rule is gone
    std::map<std::string, RuleCounters, std::less<>> counters_;
    std::vector<Effort> efforts_;                                                  ///< by the rule's position
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> seen_;  ///< cluster → resources with changes
    std::optional<TimePoint> nextRecheck_;
    std::deque<Look> looks_;
    std::optional<TimePoint> lastAlive_;   ///< of the agent before this one
    std::vector<std::size_t> candidates_;  ///< reused between calls
};

}  // namespace klaw::rules
