#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rules/alert_book.hpp"
#include "rules/due_queue.hpp"
#include "rules/rule_set.hpp"

namespace klaw::rules {

/// Rules that fire because something has not come: each waits in each cluster from when it was last seen, or from when
/// the agent began to look.
class AbsenceRules {
public:
    using Transitions = AlertBook::Transitions;

    /// `book` outlives it.
    explicit AbsenceRules(AlertBook& book) : book_(book) {}

    /// When the awaited was last seen before a restart.
    void restore(std::string_view rule, std::string_view cluster, TimePoint seen);
    /// Seen last before `blind`, a rule may have missed what came since: it waits anew.
    void setBlindBefore(TimePoint blind) { blindBefore_ = blind; }

    /// From now on the rule's source is looked at in this cluster. Once more changes nothing.
    void begin(const Rule& rule, std::string_view cluster, TimePoint now, Transitions& out);
    /// It has come, at a time by its own clock.
    void seen(const Rule& rule, std::string_view cluster, TimePoint at, TimePoint now, Transitions& out);

    void due(const RuleSet& rules, TimePoint now, Transitions& out);
    std::optional<TimePoint> nextDue() const { return dues_.next(); }
    /// Forgets the rules that are gone; the others wait by their new times.
    void keepRules(const RuleSet& rules, TimePoint now, Transitions& out);
    /// Nothing is awaited any more from other clusters.
    void keepClusters(const std::set<std::string, std::less<>>& clusters);

private:
    using Key = std::pair<std::string, std::string>;  ///< rule, cluster
    struct Wait {
        TimePoint since{};
        bool begun = false;
    };
    void schedule(const Rule& rule, const Key& key, const Wait& wait);

    AlertBook& book_;
    std::map<Key, Wait> waits_;
    DueQueue dues_;
    std::optional<TimePoint> blindBefore_;
};

}  // namespace klaw::rules
