#pragma once

#include "agent/kube/api_server.hpp"
#include "agent/scrape/measured_objects.hpp"
#include "agent/scrape/metric_source.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// The resource metrics API (metrics.k8s.io/v1beta1) that metrics-server serves: sources "metrics.k8s.io/nodes" and
/// "metrics.k8s.io/pods". References outlive it.
class MetricsApiSource final : public MetricSource {
public:
    MetricsApiSource(kube::ApiServer& server, const rules::ObjectSource& objects, Duration every)
        : server_(server), objects_(objects), every_(every) {}
    std::string name() const override { return "metrics.k8s.io of " + server_.access().name; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    kube::ApiServer& server_;
    const rules::ObjectSource& objects_;
    Duration every_;
};

}  // namespace klaw::scrape
