#include "agent/deliver/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "agent/deliver/fact_names.hpp"
#include "rules/metric/trend.hpp"

namespace klaw::deliver {
namespace {

struct Scale {
    double divisor = 1;
    std::string_view unit;
};

/// Axes show bare numbers, so they are those of one unit.
Scale scaleOf(const rules::Course& course) {
    if (course.unit == rules::Unit::Percent) return {0.01, "%"};
    if (course.unit == rules::Unit::Seconds) return {1, "s"};
    if (course.unit == rules::Unit::Plain) return {};
    static constexpr std::array<std::pair<double, std::string_view>, 4> sizes{
        {{1099511627776.0, "Ti"}, {1073741824.0, "Gi"}, {1048576.0, "Mi"}, {1024.0, "Ki"}}};
    auto greatest = std::max(std::abs(course.greatest), std::abs(course.bound));
    for (const auto& [size, unit] : sizes)
        if (greatest >= size) return {size, unit};
    return {1, "B"};
}

}  // namespace

std::optional<notifiers::CardChart> chartOf(const rules::Incident& incident, std::string_view language) {
    auto drawn = std::ranges::find_if(incident.alerts, [](const auto& alert) { return !alert.course.values.empty(); });
    if (drawn == incident.alerts.end()) return std::nullopt;
    const auto& course = drawn->course;
    auto scale = scaleOf(course);
    notifiers::CardChart chart;
    chart.title = factName("trend", language);
    if (incident.total > 1) chart.title += " · " + drawn->object.name;
    for (double value : course.values) chart.values.push_back(value / scale.divisor);
    chart.bound = course.bound / scale.divisor;
    chart.unit = scale.unit;
    chart.blocks = rules::trendBlocks(course);
    chart.least = rules::formatValue(course.least, course.unit);
    chart.greatest = rules::formatValue(course.greatest, course.unit);
    chart.threshold = rules::formatValue(course.bound, course.unit);
    chart.from = course.from;
    chart.to = course.to;
    return chart;
}

}  // namespace klaw::deliver
