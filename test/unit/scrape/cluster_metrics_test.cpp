#include "agent/scrape/cluster_metrics.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/scrape/http_source.hpp"

namespace klaw::scrape {
namespace {

/// One node and one Pod of a Deployment.
class Objects final : public rules::ObjectSource {
public:
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        visit(resource == "nodes" ? node_.view() : pod_.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view) const override { return {}; }

private:
    PackedObject node_ =
        *packJson(R"({"metadata":{"name":"n1","uid":"un"},"status":{"allocatable":{"cpu":"4","memory":"8Gi"}}})");
    PackedObject pod_ = *packJson(
        R"({"metadata":{"name":"web-5d-x","namespace":"shop","uid":"up","labels":{"pod-template-hash":"5d"},
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d","uid":"ur","controller":true}]},
            "spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"400Mi","cpu":2},"requests":{"cpu":"500m"}}}]}})");
};

std::string text(const Result<std::vector<rules::Sample>>& samples) {
    if (!samples) return samples.error().describe();
    std::string all;
    for (const auto& sample : *samples) {
        all += sample.metric;
        for (const auto& [name, value] : sample.labels) all += " " + name + "=" + value;
        all += fmt::format(": {:.4g} of {}/{}\n", sample.value, sample.object.kind, sample.object.uid);
    }
    return all;
}

TEST(ClusterMetrics, OfNodesAreRelatedToWhatIsAllocatable) {
    Objects objects;
    EXPECT_EQ(text(samplesOfNodes(R"({"kind":"NodeMetricsList","items":[
        {"metadata":{"name":"n1"},"usage":{"cpu":"1","memory":"2Gi"}},
        {"metadata":{"name":"unknown"},"usage":{"cpu":"123456789n","memory":"1Ki"}}]})",
                                  MeasuredObjects(objects, "c1"))),
              "node_cpu_usage node=n1: 1 of Node/un\n"
              "node_memory_usage node=n1: 2.147e+09 of Node/un\n"
              "node_cpu_utilization node=n1: 0.25 of Node/un\n"
              "node_memory_utilization node=n1: 0.25 of Node/un\n"
              "node_cpu_usage node=unknown: 0.1235 of Node/\n"
              "node_memory_usage node=unknown: 1024 of Node/\n");
}

TEST(ClusterMetrics, OfContainersAreRelatedToTheirLimitsAndRequestsAndOwnedByTheWorkload) {
    Objects objects;
    auto samples = samplesOfPods(R"({"kind":"PodMetricsList","items":[
        {"metadata":{"name":"web-5d-x","namespace":"shop"},"containers":[{"name":"app","usage":{"cpu":"250m","memory":"300Mi"}}]},
        {"metadata":{"name":"gone","namespace":"shop"},"containers":[{"name":"app","usage":{"cpu":"1","memory":"1"}}]}]})",
                                 MeasuredObjects(objects, "c1"));
    EXPECT_EQ(text(samples),
              "container_cpu_usage container=app namespace=shop pod=web-5d-x: 0.25 of Pod/up\n"
              "container_memory_usage container=app namespace=shop pod=web-5d-x: 3.146e+08 of Pod/up\n"
              "container_cpu_limit_utilization container=app namespace=shop pod=web-5d-x: 0.125 of Pod/up\n"
              "container_cpu_request_utilization container=app namespace=shop pod=web-5d-x: 0.5 of Pod/up\n"
              "container_memory_limit_utilization container=app namespace=shop pod=web-5d-x: 0.75 of Pod/up\n");
    EXPECT_EQ(samples->front().owner.name, "web");
    EXPECT_EQ(samples->front().owner.kind, "Deployment");
}

TEST(ClusterMetrics, OfAKubeletTellOfVolumesAndFileSystems) {
    Objects objects;
    EXPECT_EQ(
        text(samplesOfSummary(
            R"({"node":{"nodeName":"n1","fs":{"availableBytes":25,"capacityBytes":100,"inodesFree":1,"inodes":4},
        "runtime":{"imageFs":{"availableBytes":10,"capacityBytes":100,"inodesFree":3,"inodes":4}}},
        "pods":[{"podRef":{"name":"db-0","namespace":"shop"},"volume":[{"name":"tmp","availableBytes":1,"capacityBytes":2},
        {"name":"data","pvcRef":{"name":"data-db-0","namespace":"shop"},"availableBytes":3,"capacityBytes":100,"inodesFree":50,"inodes":100}]}]})",
            MeasuredObjects(objects, "c1"), "n1")),
        "node_filesystem_available_ratio node=n1: 0.25 of Node/un\n"
        "node_filesystem_inodes_free_ratio node=n1: 0.25 of Node/un\n"
        "node_imagefs_available_ratio node=n1: 0.1 of Node/un\n"
        "node_imagefs_inodes_free_ratio node=n1: 0.75 of Node/un\n"
        "volume_available_bytes namespace=shop node=n1 persistentvolumeclaim=data-db-0: 3 of PersistentVolumeClaim/\n"
        "volume_available_ratio namespace=shop node=n1 persistentvolumeclaim=data-db-0: 0.03 of "
        "PersistentVolumeClaim/\n"
        "volume_inodes_free_ratio namespace=shop node=n1 persistentvolumeclaim=data-db-0: 0.5 of "
        "PersistentVolumeClaim/\n");
}

TEST(ClusterMetrics, RefuseWhatIsNoAnswer) {
    Objects objects;
    MeasuredObjects measured(objects, "c1");
    for (const auto* body : {"", "null", "[]", "{\"items\":3}", "<html>"}) {
        EXPECT_FALSE(samplesOfNodes(body, measured)) << body;
        EXPECT_FALSE(samplesOfPods(body, measured)) << body;
        EXPECT_FALSE(samplesOfSummary(body, measured, "n1")) << body;
        EXPECT_FALSE(samplesOfQuery(body, "c1")) << body;
    }
}

TEST(PromqlAnswer, OfAVectorGivesItsSeriesWithTheirObjects) {
    EXPECT_EQ(text(samplesOfQuery(R"({"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","pod":"web-1","namespace":"shop"},"value":[1435781451.781,"1.5"]},
        {"metric":{},"value":[1435781451.781,"NaN"]}]}})",
                                  "c1")),
              " namespace=shop pod=web-1: 1.5 of Pod/\n: nan of /\n");
}

TEST(PromqlAnswer, OfAScalarGivesOneSeries) {
    EXPECT_EQ(text(samplesOfQuery(R"({"status":"success","data":{"resultType":"scalar","result":[1.0,"2"]}})", "c1")),
              ": 2 of /\n");
}

TEST(PromqlAnswer, OfARangeOrARefusalSaysWhatIsWrong) {
    EXPECT_NE(text(samplesOfQuery(R"({"status":"success","data":{"resultType":"matrix","result":[]}})", "c1"))
                  .find("gives a matrix"),
              std::string::npos);
    EXPECT_NE(text(samplesOfQuery(R"({"status":"error","errorType":"bad_data","error":"parse error"})", "c1"))
                  .find("parse error"),
              std::string::npos);
}

}  // namespace
}  // namespace klaw::scrape
