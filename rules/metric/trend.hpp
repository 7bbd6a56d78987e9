#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "rules/metric/comparison.hpp"

namespace klaw::rules {

/// The last values of a series; the oldest give way.
class RecentValues {
public:
    static constexpr std::size_t capacity = 32;
    void add(double value);
    /// Oldest first.
    std::vector<double> values() const;

private:
    std::vector<double> ring_;
    std::size_t oldest_ = 0;  ///< once the ring is full
};

/// The course of values in block characters, oldest first, with the least and the greatest of them:
/// "▁▂▃▅▇ 61.0% … 97.5%". Thirty columns at most: beyond, each shows a mean. Empty for fewer than three numbers, which
/// are no course yet.
std::string trendText(std::span<const double> values, Unit unit);

}  // namespace klaw::rules
