#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

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
        Objects,          ///< counted from the watched objects
        ApiServer,        ///< its answers, seen from outside
        NodeLeases,       ///< that kubelets renew
        ComponentLeases,  ///< that the scheduler and controllers renew
        Certificates,
        Agent,  ///< Klaw itself
    };
    std::string_view name;
    Source source;
    std::string_view labels;  ///< "node", "namespace, pod, container"
    std::string_view help;
};

/// The cluster that alerts about Klaw itself are of.
inline constexpr std::string_view agentCluster = "klaw";

std::span<const BuiltinMetric> builtinMetrics();
const BuiltinMetric* findBuiltinMetric(std::string_view name);

/// The annotations by which Pods ask to be scraped: the convention of the Prometheus community.
namespace scrape_annotation {
inline constexpr std::string_view scrape = "prometheus.io/scrape", port = "prometheus.io/port",
                                  path = "prometheus.io/path", scheme = "prometheus.io/scheme";
}
/// Where metrics-server, and Klaw as well, finds /metrics/resource of a node that has it elsewhere.
inline constexpr std::string_view resourceMetricsPathAnnotation = "metrics.k8s.io/resource-metrics-path";

/// The resources that have to be watched for a metric: those that it is related to, those whose kubelets are asked, and
/// for one that is not built in the Pods, which tell where their pages are.
std::vector<std::string> resourcesForMetric(std::string_view name);
/// Where a metric comes from, for people: "kubelets".
std::string_view describeSource(std::string_view metric);

/// What of an object the metrics of nodes and containers are related to: allocatable, requests and limits, and where
/// they are to be had. Empty for other resources.
const FieldTree& fieldsForMetrics(std::string_view resource);

}  // namespace klaw::rules
