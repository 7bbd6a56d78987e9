#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "rules/alert.hpp"

namespace klaw::rules {

class ObjectSource;

/// Where the Pods are that keep workloads from being available: an alert about a workload has no node of its own, but
/// may be the consequence of one. Not thread-safe; time only as a parameter.
class UnavailablePods {
public:
    /// All Pods of a cluster are looked through at most this often, as thousands of alerts may come at once.
    static constexpr Duration fresh = 1s;

    /// `objects` outlives it.
    explicit UnavailablePods(const ObjectSource& objects) : objects_(objects) {}

    /// The nodes of the Pods that are not ready of the workload that the alert is about, or that the autoscaler which
    /// it is about scales; "" for Pods on none. Pods that are being deleted do not count. nullopt while no Pod of the
    /// cluster is known.
    std::optional<std::set<std::string>> nodesOf(const Alert& alert, TimePoint now);

private:
    struct Seen {
        TimePoint at{};
        bool any = false;                                                 ///< Pods are known
        std::map<std::string, std::set<std::string>, std::less<>> nodes;  ///< by workload
    };
    Seen look(std::string_view cluster, TimePoint now) const;
    std::string workloadOf(const Alert& alert) const;

    const ObjectSource& objects_;
    std::map<std::string, Seen, std::less<>> seen_;  ///< by cluster
};

}  // namespace klaw::rules
