#include "rules/metric/series_selector.hpp"

#include <gtest/gtest.h>

namespace klaw::rules {
namespace {

using Function = SeriesSelector::Function;

TEST(SeriesSelector, ReadsNameMatchersFunctionAndWindow) {
    struct Case {
        const char* text;
        const char* metric;
        std::size_t matchers;
        Function function;
        Duration window;
    };
    for (const auto& each : {
             Case{"node_memory_utilization", "node_memory_utilization", 0, Function::Latest, {}},
             Case{"up{job=\"a b\", instance!~\"x(1|2)\"}", "up", 2, Function::Latest, {}},
             Case{"avg_over_time(queue:length[5m])", "queue:length", 0, Function::Average, 5min},
             Case{"max_over_time( x{a=\"(\"} [90s] )", "x", 1, Function::Maximum, 90s},
             Case{"min_over_time(x[1h])", "x", 0, Function::Minimum, 1h},
             Case{"rate(errors_total{}[10m])", "errors_total", 0, Function::Rate, 10min},
             Case{"increase(errors_total[1h30m])", "errors_total", 0, Function::Increase, 90min},
         }) {
        SCOPED_TRACE(each.text);
        auto selector = parseSeriesSelector(each.text);
        ASSERT_TRUE(selector) << selector.error().describe();
        EXPECT_EQ(selector->metric, each.metric);
        EXPECT_EQ(selector->matchers.size(), each.matchers);
        EXPECT_EQ(selector->function, each.function);
        EXPECT_EQ(selector->window, each.window);
    }
}

TEST(SeriesSelector, RefusesEverythingElseWithARemedy) {
    for (const auto* text : {"", "5x", "a b", "rate(x)", "x[5m]", "sum(x)", "rate(x[5m]", "rate(x[])", "x{a=\"1\"",
                             "x{a=~\"(\"}", "rate(x[5m]) / 2", "rate(rate(x[5m])[5m])", "x]", "{a=\"1\"}"}) {
        auto selector = parseSeriesSelector(text);
        EXPECT_FALSE(selector) << text;
    }
    EXPECT_NE(parseSeriesSelector("sum(x)").error().remedy.find("promql"), std::string::npos);
}

TEST(SeriesSelector, SelectsByNameAndLabels) {
    auto selector = parseSeriesSelector("x{pod=~\"web-.*\", zone!=\"b\"}");
    ASSERT_TRUE(selector);
    EXPECT_TRUE(selector->selects({"x", {{"pod", "web-1"}}, 1, {}, {}}));
    EXPECT_FALSE(selector->selects({"y", {{"pod", "web-1"}}, 1, {}, {}}));
    EXPECT_FALSE(selector->selects({"x", {{"pod", "api-1"}}, 1, {}, {}}));
    EXPECT_FALSE(selector->selects({"x", {{"pod", "web-1"}, {"zone", "b"}}, 1, {}, {}}));
}

}  // namespace
}  // namespace klaw::rules
