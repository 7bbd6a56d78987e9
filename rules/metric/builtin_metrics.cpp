#include "rules/metric/builtin_metrics.hpp"

#include <algorithm>
#include <array>

namespace klaw::rules {
namespace {

using Source = BuiltinMetric::Source;
constexpr std::string_view ofNode = "node", ofCluster, ofPod = "namespace, pod",
                           ofContainer = "namespace, pod, container",
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
    BuiltinMetric{"node_imagefs_inodes_free_ratio", Source::Kubelet, ofNode, "its free inodes, as a part of all"},
    BuiltinMetric{"node_cpu_usage_seconds_total", Source::KubeletResource, ofNode, "CPU used so far, in core-seconds"},
    BuiltinMetric{"node_memory_working_set_bytes", Source::KubeletResource, ofNode, "working set"},
    BuiltinMetric{"node_swap_usage_bytes", Source::KubeletResource, ofNode, "swap used"},
    BuiltinMetric{"pod_cpu_usage_seconds_total", Source::KubeletResource, ofPod, "CPU used so far, in core-seconds"},
    BuiltinMetric{"pod_memory_working_set_bytes", Source::KubeletResource, ofPod, "working set"},
    BuiltinMetric{"pod_swap_usage_bytes", Source::KubeletResource, ofPod, "swap used"},
    BuiltinMetric{"container_cpu_usage_seconds_total", Source::KubeletResource, ofContainer,
                  "CPU used so far, in core-seconds"},
    BuiltinMetric{"container_memory_working_set_bytes", Source::KubeletResource, ofContainer, "working set"},
    BuiltinMetric{"container_swap_usage_bytes", Source::KubeletResource, ofContainer, "swap used"},
    BuiltinMetric{"container_start_time_seconds", Source::KubeletResource, ofContainer, "start, as Unix time"},
    BuiltinMetric{"container_cpu_throttled_ratio", Source::KubeletCadvisor, ofContainer,
                  "CPU periods in which it was throttled, as a part of all since the last look"},
    BuiltinMetric{"container_cpu_cfs_periods_total", Source::KubeletCadvisor, ofContainer, "CPU periods so far"},
    BuiltinMetric{"container_cpu_cfs_throttled_periods_total", Source::KubeletCadvisor, ofContainer,
                  "those in which it was throttled"},
    BuiltinMetric{"container_oom_events_total", Source::KubeletCadvisor, ofContainer, "kills for memory so far"},
    BuiltinMetric{"container_fs_usage_bytes", Source::KubeletCadvisor, ofContainer, "written to its own file system"},
    BuiltinMetric{"container_network_receive_bytes_total", Source::KubeletCadvisor, ofPod, "received so far"},
    BuiltinMetric{"container_network_transmit_bytes_total", Source::KubeletCadvisor, ofPod, "sent so far"},
    BuiltinMetric{"node_pods_utilization", Source::Objects, ofNode, "Pods, as a part of those that it may run"},
    BuiltinMetric{"cluster_cpu_request_ratio", Source::Objects, ofCluster,
                  "CPU that Pods request, as a part of what is allocatable without the largest node"},
    BuiltinMetric{"cluster_memory_request_ratio", Source::Objects, ofCluster,
                  "memory that Pods request, as a part of what is allocatable without the largest node"},
    BuiltinMetric{"api_server_up", Source::ApiServer, ofCluster, "1 while it answers and is ready, else 0"},
    BuiltinMetric{"watch_failing_seconds", Source::ApiServer, "resource",
                  "how long a watch has failed; 0 while it works"},
    BuiltinMetric{"source_silent_seconds", Source::ApiServer, "source, node",
                  "how long a source of metrics has not answered; 0 while it does"},
    BuiltinMetric{"node_lease_age_seconds", Source::NodeLeases, ofNode,
                  "since the lease of a node that is ready was seen renewed"},
    BuiltinMetric{"component_lease_age_seconds", Source::ComponentLeases, "lease",
                  "since a lease in kube-system was seen renewed"},
    BuiltinMetric{"certificate_remaining_seconds", Source::Certificates, "kind, namespace, name",
                  "until the certificate ends: of the API server, of webhooks, and of Secrets where they may be read"},
    BuiltinMetric{"agent_up", Source::Agent, "", "1 while Klaw runs"},
    BuiltinMetric{"delivery_failing_seconds", Source::Agent, "channel",
                  "how long nothing could be delivered to a channel; 0 while it works"},
};

void addAnnotation(std::string_view name, FieldTree& tree) {
    auto& annotations = tree.fields["metadata"].fields["annotations"];
    annotations.fields[std::string(name)].whole = true;
}

FieldTree fieldsOfNodes() {
    FieldTree tree;
    for (auto path : {"status.allocatable.cpu", "status.allocatable.memory", "status.allocatable.pods",
                      "status.conditions[].type", "status.conditions[].status"})
        tree.add(path);
    addAnnotation(resourceMetricsPathAnnotation, tree);
    return tree;
}

FieldTree fieldsOfPods() {
    FieldTree tree;
    for (std::string list : {"spec.containers[]", "spec.initContainers[]"})
        for (auto field : {".name", ".resources.limits.cpu", ".resources.limits.memory", ".resources.requests.cpu",
                           ".resources.requests.memory"})
            tree.add(list + field);
    for (auto path : {"status.podIP", "status.phase", "spec.nodeName", "spec.initContainers[].restartPolicy"})
        tree.add(path);
    for (auto name :
         {scrape_annotation::scrape, scrape_annotation::port, scrape_annotation::path, scrape_annotation::scheme})
        addAnnotation(name, tree);
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

std::vector<std::string> resourcesForMetric(std::string_view name) {
    const auto* metric = findBuiltinMetric(name);
    if (!metric) return {"pods"};
    bool ofPods = metric->labels.find("pod") != std::string_view::npos;
    switch (metric->source) {
        case Source::MetricsApi:
            return {ofPods ? "pods" : "nodes"};
        case Source::ApiServer:
        case Source::ComponentLeases:
        case Source::Certificates:
        case Source::Agent:
            return {};
        case Source::NodeLeases:
            return {"nodes"};
        case Source::Objects:
            return {"pods", "nodes"};
        default:
            break;
    }
    if (ofPods) return {"pods", "nodes"};
    return {"nodes"};
}

std::string_view describeSource(std::string_view name) {
    const auto* metric = findBuiltinMetric(name);
    if (!metric) return "scraped pages";
    switch (metric->source) {
        case Source::MetricsApi:
            return "metrics.k8s.io";
        case Source::Objects:
            return "nodes, pods";
        case Source::ApiServer:
            return "the API server's answers";
        case Source::NodeLeases:
        case Source::ComponentLeases:
            return "leases";
        case Source::Certificates:
            return "certificates";
        case Source::Agent:
            return "Klaw itself";
        default:
            return "kubelets";
    }
}

const FieldTree& fieldsForMetrics(std::string_view resource) {
    static const FieldTree none, nodes = fieldsOfNodes(), pods = fieldsOfPods();
    if (resource == "nodes") return nodes;
    return resource == "pods" ? pods : none;
}

}  // namespace klaw::rules
