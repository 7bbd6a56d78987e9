#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rules/alert.hpp"
#include "rules/change.hpp"

namespace klaw::rules {

class ObjectSource;

/// Where the Pods are that keep workloads from being available: an alert about a workload has no node of its own, but
/// may be the consequence of one. Not thread-safe.
class UnavailablePods {
public:
    /// `objects` outlives it.
    explicit UnavailablePods(const ObjectSource& objects) : objects_(objects) {}

    /// Every change of a Pod; what is about others changes nothing.
    void note(const Change& change);
    /// What is known of other clusters is forgotten.
    void keepClusters(const std::set<std::string, std::less<>>& clusters);

    /// The nodes of the Pods that are not ready of the workload that the alert is about, or that the autoscaler which
    /// it is about scales; "" for Pods on none. Pods that are being deleted do not count. nullopt while no Pod of the
    /// cluster is known.
    std::optional<std::set<std::string>> nodesOf(const Alert& alert) const;

private:
    struct Missed {
        std::string workload, node;
    };
    struct Cluster {
        std::unordered_map<std::string, Missed> pods;                          ///< by uid
        std::map<std::string, std::multiset<std::string>, std::less<>> nodes;  ///< by workload, once for each Pod
    };
    static void forget(Cluster& cluster, const std::string& uid);
    std::string workloadOf(const Alert& alert) const;

    const ObjectSource& objects_;
    std::map<std::string, Cluster, std::less<>> clusters_;
};

}  // namespace klaw::rules
