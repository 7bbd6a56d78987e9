#include "rules/metric/quantity.hpp"

#include <gtest/gtest.h>

namespace klaw::rules {
namespace {

TEST(Quantity, IsReadAsKubernetesWritesIt) {
    struct Case {
        const char* text;
        double value;
    };
    for (const auto& each : {Case{"0", 0}, Case{"4", 4}, Case{"1500m", 1.5}, Case{"123456789n", 0.123456789},
                             Case{"5u", 5e-6}, Case{"128Mi", 134217728}, Case{"1.5Gi", 1610612736}, Case{"2k", 2000},
                             Case{"2e3", 2000}, Case{"2E3", 2000}, Case{"2E", 2e18}, Case{"1e-2", 0.01}, Case{"-1", -1},
                             Case{"+1", 1}, Case{".5", 0.5}, Case{"1Ei", 1152921504606846976.0}}) {
        SCOPED_TRACE(each.text);
        ASSERT_TRUE(parseQuantity(each.text));
        EXPECT_DOUBLE_EQ(*parseQuantity(each.text), each.value);
    }
}

TEST(Quantity, IsNothingForAnythingElse) {
    for (const auto* text : {"", "m", "1mm", "1 Mi", "x", "1e", "--1", "1Mi1", "NaN", "inf"})
        EXPECT_FALSE(parseQuantity(text)) << text;
}

}  // namespace
}  // namespace klaw::rules
