#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "rules/metric/comparison.hpp"

namespace klaw::rules {

/// How the value that an alert is about came about: what a card draws. Empty where there is none.
struct Course {
    std::vector<double> values;  ///< oldest first, evenly from `from` to `to`; finite
    double least = 0;            ///< of the readings behind them
    double greatest = 0;
    TimePoint from{};
    TimePoint to{};
    double bound = 0;  ///< the threshold
    Unit unit = Unit::Plain;
    friend bool operator==(const Course&, const Course&) = default;
};

}  // namespace klaw::rules
