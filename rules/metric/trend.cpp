#include "rules/metric/trend.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace klaw::rules {
namespace {

constexpr std::size_t fewest = 3, columns = 30;
// The half and the full block stand off the line in many fonts of chats.
constexpr std::array<std::string_view, 5> blocks{"▁", "▂", "▃", "▅", "▇"};

std::vector<Reading> numbersOf(std::span<const Reading> readings) {
    std::vector<Reading> numbers;
    std::ranges::copy_if(
        readings, std::back_inserter(numbers), [](double value) { return std::isfinite(value); }, &Reading::value);
    return numbers;
}

std::vector<double> meansOf(const std::vector<Reading>& readings) {
    std::vector<double> means;
    auto count = std::min(readings.size(), columns);
    for (std::size_t column = 0; column < count; ++column) {
        auto from = column * readings.size() / count, to = (column + 1) * readings.size() / count;
        double sum = 0;
        for (auto i = from; i < to; ++i) sum += readings[i].value;
        means.push_back(sum / static_cast<double>(to - from));
    }
    return means;
}

std::string_view blockOf(double value, double least, double greatest) {
    // Halved, since the distance of two large numbers may be none.
    auto height = greatest > least ? (value / 2 - least / 2) / (greatest / 2 - least / 2) : 0.5;
    auto block = static_cast<std::size_t>(height * static_cast<double>(blocks.size()));
    return blocks[std::min(block, blocks.size() - 1)];
}

}  // namespace

void RecentValues::add(double value, TimePoint at) {
    if (ring_.size() < capacity) return ring_.push_back({at, value});
    ring_[oldest_] = {at, value};
    oldest_ = (oldest_ + 1) % capacity;
}

std::vector<Reading> RecentValues::readings() const {
    auto readings = ring_;
    std::ranges::rotate(readings, readings.begin() + static_cast<std::ptrdiff_t>(oldest_));
    return readings;
}

Course courseOf(std::span<const Reading> readings, const Comparison& bound) {
    Course course;
    auto numbers = numbersOf(readings);
    if (numbers.size() < fewest) return course;
    auto [least, greatest] = std::ranges::minmax_element(numbers, {}, &Reading::value);
    course.values = meansOf(numbers);
    course.least = least->value;
    course.greatest = greatest->value;
    course.from = numbers.front().at;
    course.to = numbers.back().at;
    course.bound = bound.bound;
    course.unit = bound.unit;
    return course;
}

std::string trendBlocks(const Course& course) {
    std::string text;
    for (double value : course.values) text += blockOf(value, course.least, course.greatest);
    return text;
}

std::string trendText(const Course& course) {
    if (course.values.empty()) return {};
    auto from = formatValue(course.least, course.unit), to = formatValue(course.greatest, course.unit);
    return trendBlocks(course) + " " + (from == to ? from : from + " … " + to);
}

}  // namespace klaw::rules
