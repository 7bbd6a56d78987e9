#include "agent/scrape/measured_objects.hpp"

#include "rules/metric/builtin_metrics.hpp"
#include "rules/metric/quantity.hpp"
#include "rules/owner.hpp"

namespace klaw::scrape {
namespace {

std::optional<double> quantity(PackedView value) {
    auto text = value.asString();
    if (!text.empty()) return rules::parseQuantity(text);
    return value ? std::optional(value.asDouble()) : std::nullopt;
}

Allowance allowanceOf(PackedView resources) {
    return {quantity(resources["cpu"]), quantity(resources["memory"])};
}

MeasuredPod podOf(std::string_view cluster, PackedView object) {
    MeasuredPod pod{rules::refOf(cluster, "pods", object), rules::ownerOf(cluster, "pods", object), {}};
    for (auto list : {"containers", "initContainers"})
        for (auto container : object["spec"][list]) {
            auto resources = container["resources"];
            pod.containers[std::string(container["name"].asString())] = {allowanceOf(resources["limits"]),
                                                                         allowanceOf(resources["requests"])};
        }
    return pod;
}

}  // namespace

MeasuredObjects::MeasuredObjects(const rules::ObjectSource& objects, std::string_view cluster) : cluster_(cluster) {
    objects.forEach(cluster, "nodes", [&](PackedView object) {
        MeasuredNode node{rules::refOf(cluster, "nodes", object), allowanceOf(object["status"]["allocatable"]), {}};
        auto path = object["metadata"]["annotations"][rules::resourceMetricsPathAnnotation].asString();
        node.resourceMetricsPath = std::string(path);
        auto name = node.object.name;
        nodes_.emplace(std::move(name), std::move(node));
    });
    objects.forEach(cluster, "pods", [&](PackedView object) {
        auto pod = podOf(cluster, object);
        auto ns = pod.object.ns, name = pod.object.name;
        pods_[ns].emplace(std::move(name), std::move(pod));
    });
}

const MeasuredNode* MeasuredObjects::node(std::string_view name) const {
    auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : &found->second;
}

const MeasuredPod* MeasuredObjects::pod(std::string_view ns, std::string_view name) const {
    auto pods = pods_.find(ns);
    if (pods == pods_.end()) return nullptr;
    auto found = pods->second.find(name);
    return found == pods->second.end() ? nullptr : &found->second;
}

rules::ObjectRef MeasuredObjects::nodeRef(std::string_view name) const {
    if (const auto* known = node(name)) return known->object;
    return {cluster_, "nodes", "Node", "", std::string(name), ""};
}

}  // namespace klaw::scrape
