#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/operate/control.hpp"

namespace klaw::operate {

/// What `/readyz?verbose` says.
struct ReadinessFacts {
    Duration latency{};
    std::size_t checks = 0;
    std::vector<std::string> failing;  ///< "etcd", "poststarthook/rbac/bootstrap-roles"
    std::optional<TimePoint> certificateEnds;
};

struct NodeFacts {
    std::size_t nodes = 0;
    std::vector<std::string> notReady, underPressure, cordoned;  ///< "node-7", "node-8 (MemoryPressure)"
    double cpu = 0, memory = 0;                                  ///< allocatable: cores, bytes
    bool cut = false;                                            ///< there are more than were asked for
};

struct PodFacts {
    std::size_t pods = 0;
    std::map<std::string, std::size_t> notStarted;  ///< by what kubectl shows as STATUS: Pending, ContainerCreating
    bool cut = false;
};

/// Deployments, StatefulSets and DaemonSets.
struct WorkloadFacts {
    std::size_t workloads = 0;
    std::vector<std::string> unavailable;  ///< "deployments shop/web 1/3"
    bool cut = false;
};

/// When a part of the control plane that leads by a Lease was last heard of; nothing: it has none here.
struct LeaderFacts {
    std::optional<Duration> scheduler, controllerManager;
};

struct Consumer {
    std::string name;  ///< "node-1", "shop/web-0"
    double cpu = 0, memory = 0;
};

/// By the metrics-server.
struct UsageFacts {
    double cpu = 0, memory = 0;         ///< of all nodes
    std::vector<Consumer> nodes, pods;  ///< the largest by memory, largest first
    std::vector<Consumer> podsByCpu;
    bool tooManyPods = false;  ///< Pods were not asked for
};

/// What is known of a cluster at one moment: each side of it, or why it is not known.
struct ClusterFacts {
    ClusterView view;
    Result<ReadinessFacts> readiness = ReadinessFacts();
    Result<NodeFacts> nodes = NodeFacts();
    Result<PodFacts> pods = PodFacts();
    Result<WorkloadFacts> workloads = WorkloadFacts();
    Result<LeaderFacts> leaders = LeaderFacts();
    Result<UsageFacts> usage = UsageFacts();
    std::optional<CapacityView> capacity;
    std::size_t critical = 0, warning = 0;  ///< alerts that fire
    /// Whether nothing came back that says anything.
    bool silent() const { return !readiness && !nodes && !pods && !workloads; }
};

/// Asks all clusters at once; the facts in the order of `clusters`. Pods and workloads only of `ns` where it is not
/// empty.
Task<std::vector<ClusterFacts>> factsOf(Control& control, Caller caller, std::vector<std::string> clusters,
                                        std::string ns);

}  // namespace klaw::operate
