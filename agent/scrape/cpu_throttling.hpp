#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/sample.hpp"

namespace klaw::scrape {

/// Makes of two counters of each container how much of the time its CPU limit held it back.
class CpuThrottling {
public:
    static constexpr std::string_view metric = "container_cpu_throttled_ratio";
    /// The counters that it needs.
    static bool reads(std::string_view name);

    /// Adds the ratio since the last look to what a node's kubelet says now.
    void add(const std::string& node, std::vector<rules::Sample>& samples);

private:
    struct Periods {
        double all = 0, throttled = 0;
    };
    std::map<rules::Labels, Periods> periods_;  ///< at the last look, by the labels of the container
};

}  // namespace klaw::scrape
