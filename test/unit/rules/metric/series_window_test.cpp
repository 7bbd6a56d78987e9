#include "rules/metric/series_window.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace klaw::rules {
namespace {

constexpr auto function = SeriesSelector::Function::TimeToZero;
constexpr TimePoint start{1h};

/// Readings each minute of the window.
std::optional<double> timeToZero(Duration window, double (*valueAt)(double hours)) {
    SeriesWindow series;
    TimePoint now = start;
    for (; now <= start + window; now += 1min)
        series.add(valueAt(std::chrono::duration<double, std::ratio<3600>>(now - start).count()), now, window);
    return series.over(function, window, start + window);
}

TEST(TimeToZero, IsWhereTheLineMeetsZero) {
    // 10 % after six hours, 2 % less each hour: full in five.
    auto seconds = timeToZero(6h, [](double hours) { return 0.22 - 0.02 * hours; });
    ASSERT_TRUE(seconds);
    EXPECT_NEAR(*seconds, 5 * 3600.0, 60);
}

TEST(TimeToZero, IsWithinATenthWhereReadingsScatter) {
    auto seconds = timeToZero(6h, [](double hours) { return 0.24 - 0.02 * hours + 0.004 * std::sin(40 * hours); });
    ASSERT_TRUE(seconds);
    EXPECT_NEAR(*seconds, 6 * 3600.0, 0.1 * 6 * 3600);
}

TEST(TimeToZero, IsNeverWhereNothingFalls) {
    EXPECT_TRUE(std::isinf(*timeToZero(6h, [](double) { return 0.1; })));
    EXPECT_TRUE(std::isinf(*timeToZero(6h, [](double hours) { return 0.1 + 0.01 * hours; })));
}

TEST(TimeToZero, IsNowWhereNothingIsLeft) {
    EXPECT_EQ(*timeToZero(6h, [](double) { return 0.0; }), 0);
}

TEST(TimeToZero, IsNotToldFromTheFirstReadings) {
    SeriesWindow series;
    for (auto age = 0min; age < 2h; age += 1min) series.add(1.0 - 0.001 * age.count(), start + age, 6h);
    EXPECT_FALSE(series.over(function, 6h, start + 2h));
}

}  // namespace
}  // namespace klaw::rules
