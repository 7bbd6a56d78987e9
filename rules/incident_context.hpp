#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rules/change.hpp"
#include "rules/incident.hpp"

namespace klaw::rules {

class ObjectSource;

/// What somebody who looks at an incident asks first: what was changed shortly before, and what depends on it.
/// In memory: changes from before a restart are not known. Not thread-safe; time only as a parameter.
class IncidentContext {
public:
    static constexpr Duration window = 30min;   ///< how long before an incident a change is of interest
    static constexpr std::size_t maxKept = 5;   ///< changes of one workload
    static constexpr std::size_t maxShown = 5;  ///< workloads that depend on a node

    /// `objects` outlives it.
    explicit IncidentContext(const ObjectSource& objects) : objects_(objects) {}

    /// Remembers what was changed of a workload by whom: images, replicas, anything else of its spec. What that was;
    /// also that one was made or deleted, which is not remembered.
    std::optional<RecentChange> note(const Change& change, TimePoint now);
    /// Fills in `changes` and `dependents` of an incident that has just begun; its owner is known.
    void describe(Incident& incident) const;

private:
    void forgetBefore(TimePoint time);
    const ObjectSource& objects_;
    std::map<std::string, std::deque<RecentChange>, std::less<>> changes_;  ///< by workload
    std::deque<std::pair<TimePoint, std::string>> order_;                   ///< oldest first
};

/// Whether changes of such objects are remembered: Deployments, StatefulSets and DaemonSets.
bool isWorkload(std::string_view resource);

}  // namespace klaw::rules
