#pragma once

#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "rules/labels.hpp"

namespace klaw::scrape {

/// Reads a page of the Prometheus text format, 0.0.4 or OpenMetrics
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). `wanted` decides by the name of a series whether it
/// is handed out; the others are checked all the same. Histograms and summaries arrive as their series (`_bucket` with
/// `le`, `_sum`, `_count`). InvalidArgument with the line as place; then the whole page is refused, as by Prometheus.
/// Samples before that line have been handed out.
Result<void> readPrometheusText(
    std::string_view page, const std::function<bool(std::string_view name)>& wanted,
    const std::function<void(std::string_view name, rules::Labels labels, double value)>& sample);

}  // namespace klaw::scrape
