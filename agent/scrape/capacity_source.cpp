#include "agent/scrape/capacity_source.hpp"

#include <algorithm>
#include <map>

#include "rules/metric/quantity.hpp"
#include "rules/owner.hpp"

namespace klaw::scrape {
namespace {

struct Amount {
    double cpu = 0, memory = 0;  ///< cores, bytes

    void add(const Amount& other) {
        cpu += other.cpu;
        memory += other.memory;
    }
    void raiseTo(const Amount& other) {
        cpu = std::max(cpu, other.cpu);
        memory = std::max(memory, other.memory);
    }
};

struct Node {
    rules::ObjectRef object;
    Amount allocatable;
    double places = 0;
    double pods = 0;
};

double quantity(PackedView value) {
    auto text = value.asString();
    return text.empty() ? value.asDouble() : rules::parseQuantity(text).value_or(0);
}

Amount amountOf(PackedView resources) {
    return {quantity(resources["cpu"]), quantity(resources["memory"])};
}

/// As the scheduler counts: containers and sidecars run together, init containers before them one at a time.
/// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
Amount requestOf(PackedView pod) {
    Amount together, sidecars, atFirst;
    for (auto container : pod["spec"]["containers"]) together.add(amountOf(container["resources"]["requests"]));
    for (auto container : pod["spec"]["initContainers"]) {
        auto request = amountOf(container["resources"]["requests"]);
        bool sidecar = container["restartPolicy"].asString() == "Always";
        if (sidecar) sidecars.add(request);
        if (!sidecar) request.add(sidecars);
        atFirst.raiseTo(sidecar ? sidecars : request);
    }
    together.add(sidecars);
    together.raiseTo(atFirst);
    return together;
}

void addRatio(const char* metric, double requested, double allocatable, const rules::ObjectRef& cluster,
              std::vector<rules::Sample>& into) {
    if (allocatable > 0) into.push_back({metric, {}, requested / allocatable, cluster, cluster});
}

}  // namespace

std::vector<rules::Sample> samplesOfCapacity(const rules::ObjectSource& objects, std::string_view cluster) {
    std::map<std::string, Node, std::less<>> nodes;
    Amount all, largest, requested;
    objects.forEach(cluster, "nodes", [&](PackedView object) {
        auto allocatable = object["status"]["allocatable"];
        Node node{rules::refOf(cluster, "nodes", object), amountOf(allocatable), quantity(allocatable["pods"]), 0};
        all.add(node.allocatable);
        largest.raiseTo(node.allocatable);
        auto name = node.object.name;
        nodes.emplace(std::move(name), std::move(node));
    });
    objects.forEach(cluster, "pods", [&](PackedView pod) {
        auto phase = pod["status"]["phase"].asString();
        if (phase == "Succeeded" || phase == "Failed") return;
        requested.add(requestOf(pod));
        auto node = nodes.find(pod["spec"]["nodeName"].asString());
        if (node != nodes.end()) ++node->second.pods;
    });
    std::vector<rules::Sample> samples;
    for (const auto& [name, node] : nodes)
        if (node.places > 0)
            samples.push_back(
                {"node_pods_utilization", {{"node", name}}, node.pods / node.places, node.object, node.object});
    rules::ObjectRef whole;
    whole.cluster = cluster;
    addRatio("cluster_cpu_request_ratio", requested.cpu, all.cpu - largest.cpu, whole, samples);
    addRatio("cluster_memory_request_ratio", requested.memory, all.memory - largest.memory, whole, samples);
    return samples;
}

Task<void> CapacitySource::look(MetricSink& sink) {
    if (complete_()) sink.samples(cluster_, "objects", {}, samplesOfCapacity(objects_, cluster_));
    co_return;
}

}  // namespace klaw::scrape
