#include "rules/metric/trend.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace klaw::rules {
namespace {

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

/// One a minute.
std::vector<Reading> readingsOf(const std::vector<double>& values) {
    std::vector<Reading> readings;
    for (double value : values) readings.push_back({start + readings.size() * 1min, value});
    return readings;
}

Course courseOfValues(const std::vector<double>& values, Unit unit = Unit::Plain) {
    return courseOf(readingsOf(values), {Comparison::Operator::Greater, 3, unit});
}

std::string plain(const std::vector<double>& values) {
    return trendText(courseOfValues(values));
}

TEST(Trend, ShowsTheCourseBetweenItsLeastAndItsGreatest) {
    EXPECT_EQ(plain({0, 1, 2, 3, 4}), "▁▂▃▅▇ 0 … 4");
    EXPECT_EQ(plain({4, 4, 0}), "▇▇▁ 0 … 4");
    EXPECT_EQ(plain({-2, 0, 2}), "▁▃▇ -2 … 2");
}

TEST(Trend, WritesNumbersInTheUnitOfTheThreshold) {
    EXPECT_EQ(trendText(courseOfValues({0.61, 0.7, 0.975}, Unit::Percent)), "▁▂▇ 61.0% … 97.5%");
}

TEST(Trend, OfOneHeightIsALineInTheMiddle) {
    EXPECT_EQ(plain({7, 7, 7}), "▃▃▃ 7");
}

TEST(Trend, NeedsThreeNumbers) {
    EXPECT_EQ(plain({}), "");
    EXPECT_EQ(plain({1, 2}), "");
    EXPECT_EQ(plain({1, 2, std::nan("")}), "");
}

TEST(Trend, LeavesOutWhatIsNoNumber) {
    constexpr auto infinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(plain({infinite, 0, std::nan(""), 2, -infinite, 4}), "▁▃▇ 0 … 4");
}

TEST(Trend, BearsTheGreatestNumbersThereAre) {
    constexpr auto greatest = std::numeric_limits<double>::max();
    EXPECT_TRUE(plain({-greatest, 0, greatest}).starts_with("▁▃▇ "));
}

TEST(Trend, FitsManyValuesIntoThirtyColumns) {
    std::vector<double> rising(4096);
    std::iota(rising.begin(), rising.end(), 0);
    auto text = plain(rising);
    auto columns = text.substr(0, text.find(' '));
    EXPECT_EQ(columns.size(), 30 * std::string("▁").size());
    EXPECT_TRUE(columns.starts_with("▁▁▁▁▁▁▂") && columns.ends_with("▅▇▇▇▇▇▇")) << columns;
}

TEST(Trend, KnowsWhenItBeganAndEndedAndItsThreshold) {
    auto course = courseOfValues({5, std::nan(""), 1, 2, std::nan("")});
    EXPECT_EQ(course.values, (std::vector<double>{5, 1, 2}));
    EXPECT_EQ(course.from, start);
    EXPECT_EQ(course.to, start + 3min) << "what is no number is no end of it either";
    EXPECT_EQ(course.bound, 3);
}

TEST(RecentValues, AreTheLastThirtyTwoOldestFirst) {
    RecentValues recent;
    EXPECT_TRUE(recent.readings().empty());
    std::vector<double> expected;
    for (int i = 0; i < 100; ++i) {
        recent.add(i, start + i * 1s);
        expected.push_back(i);
        if (expected.size() > 32) expected.erase(expected.begin());
        std::vector<double> values;
        for (const auto& reading : recent.readings()) values.push_back(reading.value);
        ASSERT_EQ(values, expected);
        ASSERT_EQ(recent.readings().back().at, start + i * 1s);
    }
}

}  // namespace
}  // namespace klaw::rules
