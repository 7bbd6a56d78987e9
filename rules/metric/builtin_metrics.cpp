#include "rules/metric/builtin_metrics.hpp"

#include <algorithm>
#include <array>

namespace klaw::rules {
namespace {

using Source = BuiltinMetric::Source;
constexpr std::string_view ofNode = "node", ofContainer = "namespace, pod, container",
                           ofVolume = "namespace, persistentvolumeclaim, node";

constexpr std::array all{
    BuiltinMetric{"node_cpu_usage", Source::MetricsApi, ofNode, "CPU used, in cores"},
    BuiltinMetric{"node_cpu_utilization", Source::MetricsApi, ofNode, "CPU used, as a part of what is allocatable"},
    BuiltinMetric{"node_memory_usage", Source::MetricsApi, ofNode, "working set, in bytes"},
    BuiltinMetric{"node_memory_utilization", Source::MetricsApi, ofNode,
                  "working set, as a part of what is allocatable"},
    BuiltinMetric{"container_cpu_usage", Source::MetricsApi, ofContainer, "CPU used, in cores"},
    BuiltinMetric{"container_cpu_limit_utilization", Source::MetricsApi, ofContainer,
                  "CPU used, as a part of its limit"},
    BuiltinMetric{"container_cpu_request_utilization", Source::MetricsApi, ofContainer,
                  "CPU used, as a part of its request"},
    BuiltinMetric{"container_memory_usage", Source::MetricsApi, ofContainer, "working set, in bytes"},
    BuiltinMetric{"container_memory_limit_utilization", Source::MetricsApi, ofContainer,
                  "working set, as a part of its limit"},
    BuiltinMetric{"container_memory_request_utilization", Source::MetricsApi, ofContainer,
                  "working set, as a part of its request"},
    BuiltinMetric{"volume_available_bytes", Source::Kubelet, ofVolume, "free space, in bytes"},
    BuiltinMetric{"volume_available_ratio", Source::Kubelet, ofVolume, "free space, as a part of its capacity"},
    BuiltinMetric{"volume_inodes_free_ratio", Source::Kubelet, ofVolume, "free inodes, as a part of all"},
    BuiltinMetric{"node_filesystem_available_ratio", Source::Kubelet, ofNode,
                  "free space of the kubelet's file system, as a part of its capacity"},
    BuiltinMetric{"node_filesystem_inodes_free_ratio", Source::Kubelet, ofNode, "its free inodes, as a part of all"},
    BuiltinMetric{"node_imagefs_available_ratio", Source::Kubelet, ofNode,
                  "free space of the images' file system, as a part of its capacity"},
};

FieldTree fieldsOfNodes() {
    FieldTree tree;
    for (auto path : {"status.allocatable.cpu", "status.allocatable.memory"}) tree.add(path);
    return tree;
}

FieldTree fieldsOfPods() {
    FieldTree tree;
    for (std::string list : {"spec.containers[]", "spec.initContainers[]"})
        for (auto field : {".name", ".resources.limits.cpu", ".resources.limits.memory", ".resources.requests.cpu",
                           ".resources.requests.memory"})
            tree.add(list + field);
    return tree;
}

}  // namespace

std::span<const BuiltinMetric> builtinMetrics() {
    return all;
}

const BuiltinMetric* findBuiltinMetric(std::string_view name) {
    auto found = std::ranges::find(all, name, &BuiltinMetric::name);
    return found == all.end() ? nullptr : &*found;
}

const FieldTree& fieldsForMetrics(std::string_view resource) {
    static const FieldTree none, nodes = fieldsOfNodes(), pods = fieldsOfPods();
    if (resource == "nodes") return nodes;
    return resource == "pods" ? pods : none;
}

}  // namespace klaw::rules
