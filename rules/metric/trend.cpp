#include "rules/metric/trend.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

namespace klaw::rules {
namespace {

constexpr std::size_t fewest = 3, columns = 30;
// The half and the full block stand off the line in many fonts of chats.
constexpr std::array<std::string_view, 5> blocks{"▁", "▂", "▃", "▅", "▇"};

std::vector<double> numbersOf(std::span<const double> values) {
    std::vector<double> numbers;
    std::ranges::copy_if(values, std::back_inserter(numbers), [](double value) { return std::isfinite(value); });
    return numbers;
}

std::vector<double> meansOf(const std::vector<double>& values) {
    if (values.size() <= columns) return values;
    std::vector<double> means;
    for (std::size_t column = 0; column < columns; ++column) {
        auto from = values.begin() + static_cast<std::ptrdiff_t>(column * values.size() / columns);
        auto to = values.begin() + static_cast<std::ptrdiff_t>((column + 1) * values.size() / columns);
        means.push_back(std::accumulate(from, to, 0.0) / static_cast<double>(to - from));
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

void RecentValues::add(double value) {
    if (ring_.size() < capacity) return ring_.push_back(value);
    ring_[oldest_] = value;
    oldest_ = (oldest_ + 1) % capacity;
}

std::vector<double> RecentValues::values() const {
    auto values = ring_;
    std::ranges::rotate(values, values.begin() + static_cast<std::ptrdiff_t>(oldest_));
    return values;
}

std::string trendText(std::span<const double> values, Unit unit) {
    auto numbers = numbersOf(values);
    if (numbers.size() < fewest) return {};
    auto [least, greatest] = std::ranges::minmax(numbers);
    std::string text;
    for (double value : meansOf(numbers)) text += blockOf(value, least, greatest);
    auto from = formatValue(least, unit), to = formatValue(greatest, unit);
    return text + " " + (from == to ? from : from + " … " + to);
}

}  // namespace klaw::rules
