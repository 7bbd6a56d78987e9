#include <gtest/gtest.h>

#include "agent/scrape/capacity_source.hpp"

namespace klaw::scrape {
namespace {

struct Objects {
    std::vector<const char*> nodes, pods;
};

/// By "metric node".
std::map<std::string, double> ratios(const Objects& objects) {
    Capacity capacity("prod");
    for (const auto* json : objects.nodes) capacity.addNode(packJson(json)->view());
    for (const auto* json : objects.pods) capacity.addPod(packJson(json)->view());
    std::map<std::string, double> found;
    for (const auto& sample : capacity.samples()) {
        EXPECT_EQ(sample.object.cluster, "prod");
        auto node = sample.labels.find("node");
        found[sample.metric + (node == sample.labels.end() ? "" : " " + node->second)] = sample.value;
    }
    return found;
}

constexpr auto small =
    R"({"metadata":{"name":"small"},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"2"}}})";
constexpr auto large =
    R"({"metadata":{"name":"large"},"status":{"allocatable":{"cpu":"8000m","memory":"8Gi","pods":"10"}}})";

TEST(Capacity, RelatesRequestsToWhatIsLeftWithoutTheLargestNode) {
    Objects objects{
        {small, large},
        {R"({"spec":{"nodeName":"small","containers":[{"resources":{"requests":{"cpu":"500m","memory":"1Gi"}}},
                         {"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]},"status":{"phase":"Running"}})",
         R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1500m"}}}]},"status":{"phase":"Pending"}})",
         R"({"spec":{"nodeName":"large","containers":[{"resources":{"requests":{"cpu":"7"}}}]},
                         "status":{"phase":"Succeeded"}})"}};
    EXPECT_EQ(ratios(objects), (std::map<std::string, double>{{"cluster_cpu_request_ratio", 1.5},
                                                              {"cluster_memory_request_ratio", 0.5},
                                                              {"node_pods_utilization large", 0},
                                                              {"node_pods_utilization small", 0.5}}));
}

TEST(Capacity, CountsInitContainersAsTheSchedulerDoes) {
    Objects objects{{small, large}, {R"({"spec":{"nodeName":"small",
        "containers":[{"resources":{"requests":{"cpu":"1"}}}],
        "initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},
                          {"resources":{"requests":{"cpu":"1200m"}}}]},"status":{"phase":"Running"}})"}};
    EXPECT_DOUBLE_EQ(ratios(objects).at("cluster_cpu_request_ratio"), 1.7 / 2)
        << "the second one runs beside the sidecar, and both need more than the container and the sidecar";
}

TEST(Capacity, OfASingleNodeSaysNothingOfAFailure) {
    Objects objects{{small}, {R"({"spec":{"nodeName":"small","containers":[]},"status":{"phase":"Running"}})"}};
    EXPECT_EQ(ratios(objects), (std::map<std::string, double>{{"node_pods_utilization small", 0.5}}));
}

}  // namespace
}  // namespace klaw::scrape
