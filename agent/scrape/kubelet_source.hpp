#pragma once

#include <functional>
#include <set>

#include "agent/kube/api_server.hpp"
#include "agent/scrape/cpu_throttling.hpp"
#include "agent/scrape/measured_objects.hpp"
#include "agent/scrape/metric_source.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// What every node's kubelet tells, through the API server (`nodes/proxy`): sources "kubelet NODE" (statistics of
/// volumes and file systems), "kubelet NODE resource" and "kubelet NODE cadvisor". The nodes are asked one after the
/// other; one that hangs holds the others up for a few seconds.
class KubeletSource final : public MetricSource {
public:
    using Page = rules::BuiltinMetric::Source;  ///< one of Kubelet…

    /// References outlive it. Of the pages only series that `wanted` names are kept.
    KubeletSource(kube::ApiServer& server, const rules::ObjectSource& objects, Duration every, std::set<Page> pages,
                  std::function<bool(std::string_view)> wanted)
        : server_(server), objects_(objects), every_(every), pages_(std::move(pages)), wanted_(std::move(wanted)) {}
    std::string name() const override { return "kubelets of " + server_.access().name; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    Task<void> lookAt(Page page, std::string node, const MeasuredObjects& objects, MetricSink& sink);
    Result<std::vector<rules::Sample>> samplesOf(Page page, std::string body, const std::string& node,
                                                 const MeasuredObjects& objects);

    kube::ApiServer& server_;
    const rules::ObjectSource& objects_;
    Duration every_;
    std::set<Page> pages_;
    std::function<bool(std::string_view)> wanted_;
    CpuThrottling throttling_;
};

/// A page that a kubelet writes in the Prometheus text format, as samples: those about Pods belong to the Pod and its
/// workload, the others to the node. Series of Pods that are not known are left out.
Result<std::vector<rules::Sample>> samplesOfKubeletPage(std::string_view page, const MeasuredObjects& objects,
                                                        std::string_view node,
                                                        const std::function<bool(std::string_view)>& wanted);

}  // namespace klaw::scrape
