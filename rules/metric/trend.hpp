#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "rules/course.hpp"
#include "rules/metric/comparison.hpp"

namespace klaw::rules {

struct Reading {
    TimePoint at{};
    double value = 0;
};

/// The last values of a series; the oldest give way.
class RecentValues {
public:
    static constexpr std::size_t capacity = 32;
    void add(double value, TimePoint at);
    /// Oldest first.
    std::vector<Reading> readings() const;

private:
    std::vector<Reading> ring_;
    std::size_t oldest_ = 0;  ///< once the ring is full
};

/// The same evenly spread over thirty columns at most: beyond, each is a mean. Empty for fewer than three numbers,
/// which are no course yet.
Course courseOf(std::span<const Reading> readings, const Comparison& bound);

/// The course in block characters: "▁▂▃▅▇". Empty for an empty one.
std::string trendBlocks(const Course& course);
/// With the least and the greatest of the values it was made of: "▁▂▃▅▇ 61.0% … 97.5%".
std::string trendText(const Course& course);

}  // namespace klaw::rules
