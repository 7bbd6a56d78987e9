#include "rules/metric/trend.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace klaw::rules {
namespace {

std::string plain(std::vector<double> values) {
    return trendText(values, Unit::Plain);
}

TEST(Trend, ShowsTheCourseBetweenItsLeastAndItsGreatest) {
    EXPECT_EQ(plain({0, 1, 2, 3, 4}), "▁▂▃▅▇ 0 … 4");
    EXPECT_EQ(plain({4, 4, 0}), "▇▇▁ 0 … 4");
    EXPECT_EQ(plain({-2, 0, 2}), "▁▃▇ -2 … 2");
}

TEST(Trend, WritesNumbersInTheUnitOfTheThreshold) {
    EXPECT_EQ(trendText(std::vector{0.61, 0.7, 0.975}, Unit::Percent), "▁▂▇ 61.0% … 97.5%");
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

TEST(RecentValues, AreTheLastThirtyTwoOldestFirst) {
    RecentValues recent;
    EXPECT_TRUE(recent.values().empty());
    std::vector<double> expected;
    for (int i = 0; i < 100; ++i) {
        recent.add(i);
        expected.push_back(i);
        if (expected.size() > 32) expected.erase(expected.begin());
        ASSERT_EQ(recent.values(), expected);
    }
}

}  // namespace
}  // namespace klaw::rules
