#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "rules/change.hpp"
#include "rules/labels.hpp"

namespace klaw::rules {

/// One reading of a series. Ratios are fractions (0.93), memory is in bytes, CPU in cores, times in seconds.
struct Sample {
    std::string metric;
    Labels labels;
    double value = 0;
    ObjectRef object;  ///< what it was measured of; without a name where that is not known
    ObjectRef owner;   ///< the workload that owns it, or the object itself
};

/// All that one source said at one time. A series that it no longer names has ended, as far as rules are concerned.
struct SampleBatch {
    std::string_view cluster;
    std::string_view source;  ///< "metrics.k8s.io", "kubelet node-1", …: where the samples come from
    std::string_view rule;    ///< the PromQL rule that asked; empty: for every rule that reads the metrics
    std::span<const Sample> samples;
};

}  // namespace klaw::rules
