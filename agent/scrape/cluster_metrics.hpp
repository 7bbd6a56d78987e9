#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/scrape/measured_objects.hpp"
#include "base/result.hpp"
#include "rules/sample.hpp"

namespace klaw::scrape {

/// The answers of metrics.k8s.io (NodeMetricsList, PodMetricsList) and of a kubelet (/stats/summary) as samples of the
/// metrics that rules/metric/builtin_metrics.hpp names. DataLoss for what is no such answer.
Result<std::vector<rules::Sample>> samplesOfNodes(std::string body, const MeasuredObjects& objects);
Result<std::vector<rules::Sample>> samplesOfPods(std::string body, const MeasuredObjects& objects);
Result<std::vector<rules::Sample>> samplesOfSummary(std::string body, const MeasuredObjects& objects,
                                                    std::string_view node);

}  // namespace klaw::scrape
