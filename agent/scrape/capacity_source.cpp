#include "agent/scrape/capacity_source.hpp"

#include <algorithm>

#include "agent/scrape/visit_in_turns.hpp"
#include "rules/metric/quantity.hpp"
#include "rules/owner.hpp"

namespace klaw::scrape {
namespace {

double quantity(PackedView value) {
    auto text = value.asString();
    return text.empty() ? value.asDouble() : rules::parseQuantity(text).value_or(0);
}

void addRatio(const char* metric, double requested, double allocatable, const rules::ObjectRef& cluster,
              std::vector<rules::Sample>& into) {
    if (allocatable > 0) into.push_back({metric, {}, requested / allocatable, cluster, cluster});
}

}  // namespace

void Capacity::Amount::add(const Amount& other) {
    cpu += other.cpu;
    memory += other.memory;
}

void Capacity::Amount::raiseTo(const Amount& other) {
    cpu = std::max(cpu, other.cpu);
    memory = std::max(memory, other.memory);
}

Capacity::Amount Capacity::amountOf(PackedView resources) {
    return {quantity(resources["cpu"]), quantity(resources["memory"])};
}

/// As the scheduler counts: containers and sidecars run together, init containers before them one at a time.
/// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
Capacity::Amount Capacity::requestOf(PackedView pod) {
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

void Capacity::addNode(PackedView object) {
    auto allocatable = object["status"]["allocatable"];
    Node node{rules::refOf(cluster_, "nodes", object), amountOf(allocatable), quantity(allocatable["pods"]), 0};
    all_.add(node.allocatable);
    largest_.raiseTo(node.allocatable);
    auto name = node.object.name;
    nodes_.emplace(std::move(name), std::move(node));
}

void Capacity::addPod(PackedView pod) {
    auto phase = pod["status"]["phase"].asString();
    if (phase == "Succeeded" || phase == "Failed") return;
    requested_.add(requestOf(pod));
    auto node = nodes_.find(pod["spec"]["nodeName"].asString());
    if (node != nodes_.end()) ++node->second.pods;
}

std::vector<rules::Sample> Capacity::samples() const {
    std::vector<rules::Sample> samples;
    for (const auto& [name, node] : nodes_)
        if (node.places > 0)
            samples.push_back(
                {"node_pods_utilization", {{"node", name}}, node.pods / node.places, node.object, node.object});
    rules::ObjectRef whole;
    whole.cluster = cluster_;
    addRatio("cluster_cpu_request_ratio", requested_.cpu, all_.cpu - largest_.cpu, whole, samples);
    addRatio("cluster_memory_request_ratio", requested_.memory, all_.memory - largest_.memory, whole, samples);
    return samples;
}

Task<Capacity> capacityOf(const rules::ObjectSource& objects, std::string cluster) {
    Capacity capacity(cluster);
    std::function<void(PackedView)> addNode = [&](PackedView node) { capacity.addNode(node); };
    std::function<void(PackedView)> addPod = [&](PackedView pod) { capacity.addPod(pod); };
    co_await visitInTurns(objects, cluster, "nodes", addNode);
    co_await visitInTurns(objects, cluster, "pods", addPod);
    co_return capacity;
}

Task<void> CapacitySource::look(MetricSink& sink) {
    if (!complete_()) co_return;
    auto capacity = co_await capacityOf(objects_, cluster_);
    sink.samples(cluster_, "objects", {}, capacity.samples());
}

}  // namespace klaw::scrape
