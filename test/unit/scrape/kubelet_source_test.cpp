#include "agent/scrape/kubelet_source.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/scrape/pod_source.hpp"

namespace klaw::scrape {
namespace {

class OnePod final : public rules::ObjectSource {
public:
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        visit(resource == "nodes" ? node_.view() : pod_.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view) const override { return {}; }

private:
    PackedObject node_ = *packJson(R"({"metadata":{"name":"n1","uid":"un","annotations":
        {"metrics.k8s.io/resource-metrics-path":"/metrics/nodes/n1/metrics/resource"}}})");
    PackedObject pod_ = *packJson(R"({"metadata":{"name":"web-5d-x","namespace":"shop","uid":"up"}})");
};

bool all(std::string_view) {
    return true;
}

std::string text(const Result<std::vector<rules::Sample>>& samples) {
    if (!samples) return samples.error().describe();
    std::string lines;
    for (const auto& sample : *samples) {
        lines += sample.metric;
        for (const auto& [name, value] : sample.labels) lines += " " + name + "=" + value;
        lines += fmt::format(": {:.4g} of {}/{}\n", sample.value, sample.object.kind, sample.object.uid);
    }
    return lines;
}

TEST(KubeletPage, BelongsToTheNodeOrToThePodThatItNames) {
    OnePod objects;
    EXPECT_EQ(text(samplesOfKubeletPage(R"(# TYPE node_memory_working_set_bytes gauge
node_memory_working_set_bytes 2048 1700000000000
container_memory_working_set_bytes{container="app",namespace="shop",pod="web-5d-x"} 1024
container_memory_working_set_bytes{container="app",namespace="shop",pod="gone"} 1
)",
                                        MeasuredObjects(objects, "c1"), "n1", all)),
              "node_memory_working_set_bytes node=n1: 2048 of Node/un\n"
              "container_memory_working_set_bytes container=app namespace=shop node=n1 pod=web-5d-x: 1024 of Pod/up\n");
}

TEST(KubeletPage, IsLookedForWhereTheNodeSaysThatItIs) {
    OnePod objects;
    EXPECT_EQ(MeasuredObjects(objects, "c1").node("n1")->resourceMetricsPath, "/metrics/nodes/n1/metrics/resource");
}

std::vector<rules::Sample> counters(double periods, double throttled, const std::string& node = "n1") {
    rules::Labels labels{{"container", "app"}, {"namespace", "shop"}, {"node", node}, {"pod", "web"}};
    return {{"container_cpu_cfs_periods_total", labels, periods, {}, {}},
            {"container_cpu_cfs_throttled_periods_total", labels, throttled, {}, {}}};
}

/// The ratio that is added, as text; empty when there is none.
std::string ratioAfter(CpuThrottling& throttling, std::vector<rules::Sample> samples, const std::string& node = "n1") {
    auto before = samples.size();
    throttling.add(node, samples);
    return samples.size() > before ? fmt::format("{:.2f}", samples.back().value) : "";
}

TEST(CpuThrottling, IsTheThrottledPartOfThePeriodsSinceTheLastLook) {
    CpuThrottling throttling;
    EXPECT_EQ(ratioAfter(throttling, counters(1000, 900)), "") << "what was long ago is no news";
    EXPECT_EQ(ratioAfter(throttling, counters(1100, 925)), "0.25");
    EXPECT_EQ(ratioAfter(throttling, counters(1100, 925)), "0.00") << "nothing ran";
    EXPECT_EQ(ratioAfter(throttling, counters(10, 5)), "") << "the container has begun anew";
    EXPECT_EQ(ratioAfter(throttling, counters(20, 5)), "0.00");
}

TEST(CpuThrottling, ForgetsContainersThatTheirNodeNoLongerNames) {
    CpuThrottling throttling;
    ratioAfter(throttling, counters(100, 0));
    ratioAfter(throttling, counters(100, 0, "n2"), "n2");
    ratioAfter(throttling, {});
    EXPECT_EQ(ratioAfter(throttling, counters(200, 50)), "");
    EXPECT_EQ(ratioAfter(throttling, counters(200, 50, "n2"), "n2"), "0.50");
}

std::string targetOf(const std::string& annotations,
                     const std::string& status = R"({"phase":"Running","podIP":"10.0.0.7"})") {
    auto pod = packJson(R"({"metadata":{"name":"web","namespace":"shop","annotations":)" + annotations +
                        R"(},"status":)" + status + "}");
    auto target = targetOfPod("c1", pod->view());
    return !target ? target.error().describe() : *target ? (*target)->url : "none";
}

TEST(PodSource, AsksPodsThatWantItAtTheAddressThatTheirKubeletReports) {
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"9100"})"),
              "http://10.0.0.7:9100/metrics");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"8443","prometheus.io/scheme":"https",
                           "prometheus.io/path":"/own?x=1"})"),
              "https://10.0.0.7:8443/own?x=1");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"9100"})",
                       R"({"phase":"Running","podIP":"fd00::7"})"),
              "http://[fd00::7]:9100/metrics");
}

TEST(PodSource, LeavesAlonePodsThatDoNotWantItOrDoNotRun) {
    EXPECT_EQ(targetOf(R"({"prometheus.io/port":"9100"})"), "none");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"false","prometheus.io/port":"9100"})"), "none");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"9100"})", R"({"phase":"Pending"})"),
              "none");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"9100"})",
                       R"({"phase":"Succeeded","podIP":"10.0.0.7"})"),
              "none");
}

TEST(PodSource, RefusesAnnotationsThatMakeNoAddress) {
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true"})"),
              "pod shop/web: the annotation prometheus.io/port: \"\" cannot be used (write the number of the port that "
              "serves the metrics)");
    EXPECT_EQ(targetOf(R"({"prometheus.io/scrape":"true","prometheus.io/port":"1","prometheus.io/path":"x@evil"})"),
              "pod shop/web: the annotation prometheus.io/path: \"x@evil\" cannot be used (write a path such as "
              "/metrics)");
}

}  // namespace
}  // namespace klaw::scrape
