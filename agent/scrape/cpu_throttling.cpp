#include "agent/scrape/cpu_throttling.hpp"

namespace klaw::scrape {
namespace {

constexpr std::string_view periodsMetric = "container_cpu_cfs_periods_total",
                           throttledMetric = "container_cpu_cfs_throttled_periods_total";

}  // namespace

bool CpuThrottling::reads(std::string_view name) {
    return name == periodsMetric || name == throttledMetric;
}

/// The part of the CPU periods since the last look in which a container was held back. Nothing at the first look and
/// when a counter has begun anew.
void CpuThrottling::add(const std::string& node, std::vector<rules::Sample>& samples) {
    std::map<rules::Labels, std::pair<Periods, const rules::Sample*>> now;
    for (const auto& sample : samples) {
        if (sample.metric != periodsMetric && sample.metric != throttledMetric) continue;
        auto& [periods, of] = now[sample.labels];
        (sample.metric == periodsMetric ? periods.all : periods.throttled) = sample.value;
        of = &sample;
    }
    std::vector<rules::Sample> ratios;
    for (const auto& [labels, value] : now) {
        const auto& [periods, of] = value;
        auto [before, isNew] = periods_.try_emplace(labels, periods);
        auto all = periods.all - before->second.all, throttled = periods.throttled - before->second.throttled;
        before->second = periods;
        if (isNew || all < 0 || throttled < 0) continue;
        ratios.push_back({std::string(metric), labels, all > 0 ? throttled / all : 0, of->object, of->owner});
    }
    std::erase_if(periods_,
                  [&](const auto& entry) { return entry.first.at("node") == node && !now.contains(entry.first); });
    for (auto& ratio : ratios) samples.push_back(std::move(ratio));
}

}  // namespace klaw::scrape
