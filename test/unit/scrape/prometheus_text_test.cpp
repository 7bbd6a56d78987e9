#include "agent/scrape/prometheus_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace klaw::scrape {
namespace {

/// "name{a=b,c=d}=1 …" of all samples.
std::string read(std::string_view page) {
    std::string all;
    auto done = readPrometheusText(
        page, [](std::string_view name) { return name != "unwanted"; },
        [&](std::string_view name, rules::Labels labels, double value) {
            all += (all.empty() ? "" : " ") + std::string(name) + "{";
            for (const auto& [key, text] : labels) all += (all.ends_with('{') ? "" : ",") + key + "=" + text;
            all += fmt::format("}}={}", value);
        });
    return done ? all : done.error().place + ": " + done.error().message;
}

TEST(PrometheusText, ReadsWhatExportersWrite) {
    struct Case {
        const char* page;
        const char* samples;
    };
    for (const auto& each : {
             Case{"# HELP up Is it up?\n# TYPE up gauge\nup 1\n", "up{}=1"},
             Case{"up 1", "up{}=1"},
             Case{"up 1\r\nup{a=\"b\"} 0 1395066363000\r\n", "up{}=1 up{a=b}=0"},
             Case{"x{ a = \"1\" , b=\"2\",} -1.5e3", "x{a=1,b=2}=-1500"},
             Case{"x{path=\"C:\\\\dir\",q=\"\\\"a\\\"\",n=\"1\\n2\"} 1", "x{n=1\n2,path=C:\\dir,q=\"a\"}=1"},
             Case{"x NaN\ny +Inf\nz -Inf\n", "x{}=nan y{}=inf z{}=-inf"},
             Case{"http_bucket{le=\"0.1\"} 3\nhttp_bucket{le=\"+Inf\"} 4\nhttp_sum 1.5\nhttp_count 4\n",
                  "http_bucket{le=0.1}=3 http_bucket{le=+Inf}=4 http_sum{}=1.5 http_count{}=4"},
             Case{"unwanted{a=\"b\"} 1\nup 1\n", "up{}=1"},
             Case{"\n\n  \nup\t1\n", "up{}=1"},
             Case{"{\"dotted.name\", \"label.name\"=\"v\"} 1", "dotted.name{label.name=v}=1"},
             Case{"x_total{a=\"b\"} 1 1.5 # {trace_id=\"abc\"} 0.67\n# EOF\n", "x_total{a=b}=1"},
             Case{"a:b:c 7", "a:b:c{}=7"},
             Case{"中{a=\"b\"} 1", "line 1: no name of a metric"},
             Case{"x{a=\"中文\"} 1", "x{a=中文}=1"},
         }) {
        SCOPED_TRACE(each.page);
        EXPECT_EQ(read(each.page), each.samples);
    }
}

TEST(PrometheusText, RefusesAPageWithTheLine) {
    for (const auto* page : {"<html>", "up 1\nup", "up 1\nup{", "up 1\nup{a} 1", "up 1\nup{a=b} 1", "up 1\nup{a=\"b} 1",
                             "up 1\nup{a=\"b\" c=\"d\"} 1", "up 1\nup one", "up 1\nup 1 2 three", "up 1\nup 1 soon",
                             "up 1\nunwanted garbage", "up 1\n{a=\"b\"} 1", "up 1\nup{a=\"b\\"}) {
        SCOPED_TRACE(page);
        auto line = std::string_view(page).find('\n') == std::string_view::npos ? "line 1: " : "line 2: ";
        EXPECT_TRUE(read(page).starts_with(line)) << read(page);
    }
}

TEST(PrometheusText, OfAnEmptyPageIsNothing) {
    EXPECT_EQ(read(""), "");
}

}  // namespace
}  // namespace klaw::scrape
