#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/scrape/metric_source.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// What a cluster's nodes and Pods add up to; the nodes come first.
class Capacity {
public:
    struct Amount {
        double cpu = 0, memory = 0;  ///< cores, bytes
        void add(const Amount& other);
        void raiseTo(const Amount& other);
    };
    explicit Capacity(std::string_view cluster) : cluster_(cluster) {}
    void addNode(PackedView node);
    void addPod(PackedView pod);
    /// node_pods_utilization of each node; cluster_cpu_request_ratio and cluster_memory_request_ratio, as
    /// KubeCPUOvercommit and KubeMemoryOvercommit of the Kubernetes mixin relate them: to what is allocatable when the
    /// largest node has failed. Of a single node there is no such ratio.
    std::vector<rules::Sample> samples() const;
    /// Of all nodes.
    const Amount& allocatable() const { return all_; }
    /// By Pods that are not finished.
    const Amount& requested() const { return requested_; }

private:
    struct Node {
        rules::ObjectRef object;
        Amount allocatable;
        double places = 0;
        double pods = 0;
    };
    static Amount amountOf(PackedView resources);
    static Amount requestOf(PackedView pod);

    std::string cluster_;
    std::map<std::string, Node, std::less<>> nodes_;
    Amount all_, largest_, requested_;
};

/// Of what is watched. `objects` outlives the task.
Task<Capacity> capacityOf(const rules::ObjectSource& objects, std::string cluster);

/// The capacity of what is watched: source "objects".
class CapacitySource final : public MetricSource {
public:
    /// References outlive it. Nothing is told until `complete` says that the first lists are in: sums of a part of the
    /// objects would be wrong.
    CapacitySource(const rules::ObjectSource& objects, std::string cluster, Duration every,
                   std::function<bool()> complete)
        : objects_(objects), cluster_(std::move(cluster)), every_(every), complete_(std::move(complete)) {}
    std::string name() const override { return "capacity of " + cluster_; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    const rules::ObjectSource& objects_;
    std::string cluster_;
    Duration every_;
    std::function<bool()> complete_;
};

}  // namespace klaw::scrape
