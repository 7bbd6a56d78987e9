#pragma once

#include <span>
#include <string_view>

#include "rules/field_tree.hpp"

namespace klaw::rules {

/// A metric that Klaw knows where to get: from what a cluster tells about its nodes, containers and volumes. Every
/// other one is looked for on the pages that are configured.
struct BuiltinMetric {
    enum class Source {
        MetricsApi,       ///< metrics.k8s.io
        Kubelet,          ///< /stats/summary of the kubelets
        KubeletResource,  ///< /metrics/resource, as kubelets write it
        KubeletCadvisor,  ///< /metrics/cadvisor, as kubelets write it
    };
    std::string_view name;
    Source source;
    std::string_view labels;  ///< "node", "namespace, pod, container"
    std::string_view help;
};

std::span<const BuiltinMetric> builtinMetrics();
const BuiltinMetric* findBuiltinMetric(std::string_view name);

/// The annotations by which Pods ask to be scraped: the convention of the Prometheus community.
namespace scrape_annotation {
inline constexpr std::string_view scrape = "prometheus.io/scrape", port = "prometheus.io/port",
                                  path = "prometheus.io/path", scheme = "prometheus.io/scheme";
}
/// Where metrics-server, and Klaw as well, finds /metrics/resource of a node that has it elsewhere.
inline constexpr std::string_view resourceMetricsPathAnnotation = "metrics.k8s.io/resource-metrics-path";

/// What of an object the metrics of nodes and containers are related to: allocatable, requests and limits, and where
/// they are to be had. Empty for other resources.
const FieldTree& fieldsForMetrics(std::string_view resource);

}  // namespace klaw::rules
