#include "rules/metric/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace klaw::rules {
namespace {

TEST(Comparison, ReadsOperatorsAndUnits) {
    struct Case {
        const char* text;
        double below, above;  // the values just beside the bound that tell the operator
        bool belowHolds, aboveHolds;
    };
    for (const auto& each : {
             Case{"> 90%", 0.9, 0.901, false, true},
             Case{">=90%", 0.899, 0.9, false, true},
             Case{"< 1.5Gi", 1.5 * 1073741824 - 1, 1.5 * 1073741824, true, false},
             Case{" <= 200ms ", 0.2, 0.2001, true, false},
             Case{"== 3", 2.9, 3, false, true},
             Case{"!= 0", 0, 1, false, true},
             Case{"> 2k", 2000, 2001, false, true},
             Case{"> -1.5", -1.5, -1.4, false, true},
             Case{"> 4d", 345600, 345601, false, true},
         }) {
        SCOPED_TRACE(each.text);
        auto comparison = parseComparison(each.text);
        ASSERT_TRUE(comparison);
        EXPECT_EQ(comparison->holds(each.below), each.belowHolds);
        EXPECT_EQ(comparison->holds(each.above), each.aboveHolds);
        EXPECT_FALSE(comparison->holds(std::nan("")));
    }
}

TEST(Comparison, RefusesWhatIsNone) {
    for (const auto* text : {"", "90%", ">", "> ", "> x", "> 90 %%", "=> 3", "> 5 apples", "> inf", "> 1e999", ">> 3"})
        EXPECT_FALSE(parseComparison(text)) << text;
}

TEST(Value, IsShownInTheUnitOfItsThreshold) {
    EXPECT_EQ(formatValue(0.934, Unit::Percent), "93.4%");
    EXPECT_EQ(formatValue(1.25 * 1073741824, Unit::Bytes), "1.2Gi");
    EXPECT_EQ(formatValue(512, Unit::Bytes), "512");
    EXPECT_EQ(formatValue(12.5, Unit::Seconds), "12.5s");
    EXPECT_EQ(formatValue(5.5 * 3600, Unit::Seconds), "5.5h");
    EXPECT_EQ(formatValue(3 * 86400, Unit::Seconds), "3.0d");
    EXPECT_EQ(formatValue(1042.4, Unit::Plain), "1042");
    EXPECT_EQ(formatValue(0.00213, Unit::Plain), "0.00213");
    EXPECT_EQ(formatValue(std::numeric_limits<double>::infinity(), Unit::Plain), "inf");
}

}  // namespace
}  // namespace klaw::rules
