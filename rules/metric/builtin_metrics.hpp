#pragma once

#include <span>
#include <string_view>

#include "rules/field_tree.hpp"

namespace klaw::rules {

/// A metric that Klaw makes itself, from what a cluster tells about its nodes, containers and volumes.
struct BuiltinMetric {
    enum class Source { MetricsApi, Kubelet };
    std::string_view name;
    Source source;
    std::string_view labels;  ///< "node", "namespace, pod, container"
    std::string_view help;
};

std::span<const BuiltinMetric> builtinMetrics();
const BuiltinMetric* findBuiltinMetric(std::string_view name);

/// What of an object the metrics of nodes and containers are related to: allocatable, requests and limits. Empty for
/// other resources.
const FieldTree& fieldsForMetrics(std::string_view resource);

}  // namespace klaw::rules
