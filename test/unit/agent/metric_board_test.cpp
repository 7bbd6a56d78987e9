#include "agent/app/metric_board.hpp"

#include <gtest/gtest.h>

#include "rules/load/load_rules.hpp"

namespace klaw::app {
namespace {

constexpr TimePoint start{1000h};

rules::Rule ruleOn(const std::string& source) {
    auto report =
        rules::loadRules({{"rules.yaml", "rules:\n  - {alert: Some, " + source + ", threshold: \"> 1\", title: t}\n"}});
    for (const auto& error : report.errors) ADD_FAILURE() << error.describe();
    return report.rules->rules().at(0);
}

struct Case {
    const char* name;
    const char* rule;
    const char* source;      ///< that answers, or fails, for it
    const char* notAsked;    ///< what is said where the configuration asks nothing of the kind
    const char* unanswered;  ///< before the first answer
    const char* failed;
};

constexpr Case cases[] = {
    {"MetricsApi", "metric: node_memory_utilization", "metrics.k8s.io/nodes", "metrics.k8s.io of c1: no answer yet",
     "metrics.k8s.io of c1: no answer yet", "metrics.k8s.io/nodes of c1: gone"},
    {"Volumes", "metric: volume_available_ratio", "kubelet n1", "the kubelets are not asked (`metrics.kubelets: true`)",
     "kubelets of c1: no answer yet", "kubelet n1 of c1: gone"},
    {"KubeletResource", "metric: node_memory_working_set_bytes", "kubelet n1 resource",
     "the kubelets are not asked (`metrics.kubelets: true`)", "kubelets of c1: no answer yet",
     "kubelet n1 resource of c1: gone"},
    {"Cadvisor", "metric: container_cpu_throttled_ratio", "kubelet n1 cadvisor",
     "the kubelets are not asked (`metrics.kubelets: true`)", "kubelets of c1: no answer yet",
     "kubelet n1 cadvisor of c1: gone"},
    {"Objects", "metric: node_pods_utilization", "objects", "nodes, pods of c1: no answer yet",
     "nodes, pods of c1: no answer yet", "objects of c1: gone"},
    {"ApiServer", "metric: api_server_up", "api server", "the API server's answers of c1: no answer yet",
     "the API server's answers of c1: no answer yet", "api server of c1: gone"},
    {"NodeLeases", "metric: node_lease_age_seconds", "leases of nodes", "leases of c1: no answer yet",
     "leases of c1: no answer yet", "leases of nodes of c1: gone"},
    {"ComponentLeases", "metric: component_lease_age_seconds", "leases of components", "leases of c1: no answer yet",
     "leases of c1: no answer yet", "leases of components of c1: gone"},
    {"Certificates", "metric: certificate_remaining_seconds", "certificates of secrets",
     "certificates of c1: no answer yet", "certificates of c1: no answer yet", "certificates of secrets of c1: gone"},
    {"Pages", "metric: queue_length", "queue exporter",
     "no page is asked for \"queue_length\" (`metrics.targets`, or `metrics.pods: true`)", "no page has answered yet",
     "queue exporter of c1: gone"},
    {"PagesOfPods", "metric: queue_length", "pod shop/web-1",
     "no page is asked for \"queue_length\" (`metrics.targets`, or `metrics.pods: true`)", "no page has answered yet",
     "pod shop/web-1 of c1: gone"},
    {"Promql", "promql: up", "promql Some", "no Prometheus server is configured (`metrics.prometheus`)",
     "Prometheus has not been asked yet", "promql Some of c1: gone"},
};

class UnavailableRule : public testing::TestWithParam<Case> {};

TEST_P(UnavailableRule, SaysWhyItsSourceSaysNothing) {  // R11
    const auto& given = GetParam();
    auto rule = ruleOn(given.rule);
    MetricBoard board;
    board.setAsked({{"c1"}, false, false, false});
    EXPECT_EQ(board.unavailable(rule), given.notAsked);
    board.setAsked({{"c1"}, true, true, true});
    EXPECT_EQ(board.unavailable(rule), given.unanswered);
    EXPECT_TRUE(board.failed("c1", given.source, Error(ErrorCode::Unavailable, "gone"), start));
    EXPECT_EQ(board.unavailable(rule), given.failed);
    std::vector<rules::Sample> samples{{rule.series.metric, {}, 1, {}, {}}};
    EXPECT_TRUE(board.answered("c1", given.source, samples, start + 1min));
    EXPECT_EQ(board.unavailable(rule), "");
}

INSTANTIATE_TEST_SUITE_P(OfEverySource, UnavailableRule, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(UnavailableRule, IsOneWithoutTheMetricsApi) {  // R11
    auto rule = ruleOn("metric: node_memory_utilization");
    MetricBoard board;
    board.setAsked({{"c1"}, true, false, false});
    board.failed("c1", "metrics.k8s.io/nodes", Error(ErrorCode::NotFound, "404 page not found"), start);
    EXPECT_EQ(board.unavailable(rule), "metrics.k8s.io/nodes of c1: 404 page not found");
}

TEST(UnavailableRule, IsOneWhereOneOfTheClustersSaysNothing) {
    auto rule = ruleOn("metric: api_server_up");
    MetricBoard board;
    board.setAsked({{"c1", "c2"}, false, false, false});
    board.answered("c1", "api server", {}, start);
    EXPECT_EQ(board.unavailable(rule), "the API server's answers of c2: no answer yet");
}

TEST(UnavailableRule, IsNoneWhileOnePageHasTheMetricAndOneWhereNoneHas) {
    auto rule = ruleOn("metric: queue_length");
    MetricBoard board;
    board.setAsked({{"c1"}, false, true, false});
    std::vector<rules::Sample> queue{{"queue_length", {}, 1, {}, {}}};
    board.answered("c1", "pod shop/web-1", queue, start);
    board.failed("c1", "pod shop/web-2", Error(ErrorCode::Unavailable, "gone"), start);
    EXPECT_EQ(board.unavailable(rule), "");
    board.answered("c1", "pod shop/web-1", {}, start);
    EXPECT_EQ(board.unavailable(rule), "pod shop/web-2 of c1: gone");
    board.forget({{"c1", "pod shop/web-2"}});
    EXPECT_EQ(board.unavailable(rule), "\"queue_length\" is on none of the pages that are asked: 1");
}

std::string silencesOf(const MetricBoard& board, TimePoint now) {
    std::string all;
    for (const auto& [source, lasts] : board.silences("c1", now))
        all += source + " " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(lasts).count()) + "; ";
    return all;
}

TEST(SilentSource, HasNotAnsweredSinceItsLastAnswer) {
    MetricBoard board;
    board.answered("c1", "metrics.k8s.io/nodes", {}, start);
    EXPECT_EQ(silencesOf(board, start + 10s), "metrics.k8s.io/nodes 0; ");
    board.failed("c1", "metrics.k8s.io/nodes", Error(ErrorCode::NotFound, "404"), start + 30s);
    EXPECT_EQ(silencesOf(board, start + 6min), "metrics.k8s.io/nodes 360; ");
    board.answered("c1", "metrics.k8s.io/nodes", {}, start + 7min);
    EXPECT_EQ(silencesOf(board, start + 8min), "metrics.k8s.io/nodes 0; ");
    EXPECT_EQ(board.all().at(0).failures, 1u);
}

TEST(SilentSource, IsNotToldOfBeforeItIsSure) {
    MetricBoard board;
    board.failed("c1", "metrics.k8s.io/nodes", Error(ErrorCode::Unavailable, "503"), start);
    EXPECT_EQ(silencesOf(board, start + 29s), "") << "after a restart zero would say that it is well again";
    EXPECT_EQ(silencesOf(board, start + 30s), "metrics.k8s.io/nodes 30; ");
}

TEST(SilentSource, IsNoneThatWasNeverThereOrMayNotBeAskedNorAPageOfAPod) {
    MetricBoard board;
    board.failed("c1", "metrics.k8s.io/nodes", Error(ErrorCode::NotFound, "404"), start);
    board.failed("c1", "kubelet n1", Error(ErrorCode::PermissionDenied, "403"), start);
    board.failed("c1", "pod shop/web-1", Error(ErrorCode::Unavailable, "refused"), start);
    board.failed("c2", "objects", Error(ErrorCode::Unavailable, "of another cluster"), start);
    EXPECT_EQ(silencesOf(board, start + 1h), "");
}

}  // namespace
}  // namespace klaw::app
