#include "rules/metric/series_window.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>

namespace klaw::rules {
namespace {

using Function = SeriesSelector::Function;
constexpr TimePoint start{1h};

/// Readings each minute of the window.
std::optional<double> timeToZero(Duration window, double (*valueAt)(double hours)) {
    SeriesWindow series(Function::TimeToZero, window);
    TimePoint now = start;
    for (; now <= start + window; now += 1min)
        series.add(valueAt(std::chrono::duration<double, std::ratio<3600>>(now - start).count()), now);
    return series.over(start + window);
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
    SeriesWindow series(Function::TimeToZero, 6h);
    for (auto age = 0min; age < 2h; age += 1min) series.add(1.0 - 0.001 * age.count(), start + age);
    EXPECT_FALSE(series.over(start + 2h));
    EXPECT_EQ(series.coveredFrom(), start + 289min) << "four fifths, and what the thinning takes";
}

/// Readings every 15 seconds for 25 hours: first 0, then 1, at last a peak of 9 and a trough of -9.
SeriesWindow longWindow(Function function) {
    SeriesWindow series(function, 24h);
    for (Duration age{}; age <= 25h; age += 15s) {
        double value = age < 13h ? 0 : 1;
        if (age == 20h) value = 9;
        if (age == 21h) value = -9;
        series.add(value, start + age);
    }
    return series;
}

TEST(LongWindow, KeepsFewReadingsAndForgetsNoExtreme) {
    constexpr auto end = start + 25h;
    EXPECT_NEAR(*longWindow(Function::Average).over(end), 0.5, 0.01);
    EXPECT_EQ(longWindow(Function::Maximum).over(end), 9);
    EXPECT_EQ(longWindow(Function::Minimum).over(end), -9);
    EXPECT_LE(longWindow(Function::Average).size(), SeriesWindow::thinned + 2u);
}

TEST(LongWindow, CountsEveryResetOfACounter) {
    SeriesWindow series(Function::Increase, 24h);
    double counter = 0;
    for (Duration age{}; age <= 24h; age += 15s) {
        counter = age % 1h == 0s ? 0 : counter + 1;
        series.add(counter, start + age);
    }
    EXPECT_NEAR(*series.over(start + 24h), 24 * 239, 50);
}

TEST(LongWindow, GoesOnFromTheReadingsThatItHasRecorded) {
    SeriesWindow before(Function::Increase, 6h);
    std::deque<SeriesWindow::Reading> recorded;
    double counter = 100;
    TimePoint now = start;
    for (; now < start + 5h; now += 1min)
        if (before.add(++counter, now)) recorded.push_back(before.recorded());
    SeriesWindow after(Function::Increase, 6h);
    after.restore(recorded);
    now += 30min;
    after.add(counter + 30, now);
    ASSERT_TRUE(after.over(now));
    EXPECT_NEAR(*after.over(now), 5.5 * 60, 5) << "also what it rose meanwhile";
}

}  // namespace
}  // namespace klaw::rules
