#include "agent/scrape/cluster_metrics.hpp"

#include <simdjson.h>

#include "rules/metric/quantity.hpp"

namespace klaw::scrape {
namespace {

using simdjson::dom::element;

std::string_view textOf(const element& value, const char* pointer) {
    std::string_view text;
    return value.at_pointer(pointer).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<double> quantityOf(const element& value, const char* pointer) {
    auto text = textOf(value, pointer);
    return text.empty() ? std::nullopt : rules::parseQuantity(text);
}

std::optional<double> numberOf(const element& value, const char* pointer) {
    double number = 0;
    if (value.at_pointer(pointer).get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

/// Collects the samples of one object.
struct Collector {
    std::vector<rules::Sample>& into;
    rules::Labels labels;
    rules::ObjectRef object, owner;

    void add(std::string_view metric, std::optional<double> value) const {
        if (value) into.push_back({std::string(metric), labels, *value, object, owner});
    }
    void addRatio(std::string_view metric, std::optional<double> part, std::optional<double> whole) const {
        if (part && whole && *whole > 0) add(metric, *part / *whole);
    }
};

Error malformed(std::string what) {
    return Error(ErrorCode::DataLoss, "the answer is no " + std::move(what));
}

/// Calls `visit` with each of `items`.
template <class Visit>
Result<void> forEachItem(const std::string& body, const char* kind, Visit visit) {
    simdjson::dom::parser parser;
    element root;
    simdjson::dom::array items;
    if (parser.parse(body).get(root) || root["items"].get(items)) return fail(malformed(kind));
    for (auto item : items) visit(item);
    return {};
}

void addContainer(const element& container, const MeasuredContainer* known, const Collector& collector) {
    auto cpu = quantityOf(container, "/usage/cpu"), memory = quantityOf(container, "/usage/memory");
    collector.add("container_cpu_usage", cpu);
    collector.add("container_memory_usage", memory);
    if (!known) return;
    collector.addRatio("container_cpu_limit_utilization", cpu, known->limit.cpu);
    collector.addRatio("container_cpu_request_utilization", cpu, known->request.cpu);
    collector.addRatio("container_memory_limit_utilization", memory, known->limit.memory);
    collector.addRatio("container_memory_request_utilization", memory, known->request.memory);
}

void addVolume(const element& volume, std::string_view node, const MeasuredObjects& objects,
               std::vector<rules::Sample>& into) {
    auto claim = textOf(volume, "/pvcRef/name");
    if (claim.empty()) return;
    std::string ns(textOf(volume, "/pvcRef/namespace"));
    rules::ObjectRef object{
        objects.nodeRef(node).cluster, "persistentvolumeclaims", "PersistentVolumeClaim", ns, std::string(claim), ""};
    Collector collector{into,
                        {{"namespace", ns}, {"persistentvolumeclaim", std::string(claim)}, {"node", std::string(node)}},
                        object,
                        object};
    collector.add("volume_available_bytes", numberOf(volume, "/availableBytes"));
    collector.addRatio("volume_available_ratio", numberOf(volume, "/availableBytes"),
                       numberOf(volume, "/capacityBytes"));
    collector.addRatio("volume_inodes_free_ratio", numberOf(volume, "/inodesFree"), numberOf(volume, "/inodes"));
}

}  // namespace

Result<std::vector<rules::Sample>> samplesOfNodes(std::string body, const MeasuredObjects& objects) {
    std::vector<rules::Sample> samples;
    auto done = forEachItem(body, "NodeMetricsList", [&](const element& item) {
        std::string name(textOf(item, "/metadata/name"));
        auto object = objects.nodeRef(name);
        Collector collector{samples, {{"node", name}}, object, object};
        auto cpu = quantityOf(item, "/usage/cpu"), memory = quantityOf(item, "/usage/memory");
        collector.add("node_cpu_usage", cpu);
        collector.add("node_memory_usage", memory);
        const auto* node = objects.node(name);
        if (!node) return;
        collector.addRatio("node_cpu_utilization", cpu, node->allocatable.cpu);
        collector.addRatio("node_memory_utilization", memory, node->allocatable.memory);
    });
    if (!done) return fail(std::move(done).error());
    return samples;
}

Result<std::vector<rules::Sample>> samplesOfPods(std::string body, const MeasuredObjects& objects) {
    std::vector<rules::Sample> samples;
    auto done = forEachItem(body, "PodMetricsList", [&](const element& item) {
        std::string ns(textOf(item, "/metadata/namespace")), name(textOf(item, "/metadata/name"));
        const auto* pod = objects.pod(ns, name);
        if (!pod) return;  // gone, or not seen yet
        simdjson::dom::array containers;
        if (item["containers"].get(containers)) return;
        for (auto container : containers) {
            std::string containerName(textOf(container, "/name"));
            auto known = pod->containers.find(containerName);
            Collector collector{
                samples, {{"namespace", ns}, {"pod", name}, {"container", containerName}}, pod->object, pod->owner};
            addContainer(container, known == pod->containers.end() ? nullptr : &known->second, collector);
        }
    });
    if (!done) return fail(std::move(done).error());
    return samples;
}

Result<std::vector<rules::Sample>> samplesOfSummary(std::string body, const MeasuredObjects& objects,
                                                    std::string_view node) {
    simdjson::dom::parser parser;
    element root;
    std::string_view named;
    if (parser.parse(body).get(root) || root.at_pointer("/node/nodeName").get(named))
        return fail(malformed("summary of a kubelet"));
    std::vector<rules::Sample> samples;
    auto object = objects.nodeRef(node);
    Collector collector{samples, {{"node", std::string(node)}}, object, object};
    collector.addRatio("node_filesystem_available_ratio", numberOf(root, "/node/fs/availableBytes"),
                       numberOf(root, "/node/fs/capacityBytes"));
    collector.addRatio("node_filesystem_inodes_free_ratio", numberOf(root, "/node/fs/inodesFree"),
                       numberOf(root, "/node/fs/inodes"));
    collector.addRatio("node_imagefs_available_ratio", numberOf(root, "/node/runtime/imageFs/availableBytes"),
                       numberOf(root, "/node/runtime/imageFs/capacityBytes"));
    collector.addRatio("node_imagefs_inodes_free_ratio", numberOf(root, "/node/runtime/imageFs/inodesFree"),
                       numberOf(root, "/node/runtime/imageFs/inodes"));
    simdjson::dom::array pods, volumes;
    if (root["pods"].get(pods)) return samples;
    for (auto pod : pods)
        if (!pod["volume"].get(volumes))
            for (auto volume : volumes) addVolume(volume, node, objects, samples);
    return samples;
}

}  // namespace klaw::scrape
