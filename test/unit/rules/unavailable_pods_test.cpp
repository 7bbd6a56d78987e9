#include "rules/unavailable_pods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Objects final : public ObjectSource {
public:
    void add(const std::string& json) { pods_.push_back(*packJson(json)); }
    void clear() { pods_.clear(); }
    void forEach(std::string_view cluster, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        if (cluster == "prod" && resource == "pods")
            for (const auto& pod : pods_) visit(pod.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view uid) const override {
        return uid == "hpa-1" ? autoscaler_.view() : PackedView();
    }

private:
    std::vector<PackedObject> pods_;
    PackedObject autoscaler_ =
        *packJson(R"({"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}})");
};

/// Of the Deployment shop/`owner`, on `node` ("" for none).
std::string pod(const std::string& owner, const std::string& node, const std::string& ready,
                const std::string& metadata = "", const std::string& phase = "Running") {
    return R"({"metadata":{"name":"p","namespace":"shop",)" + metadata +
           R"("labels":{"pod-template-hash":"5d4f"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet",)" +
           R"("name":")" + owner + R"(-5d4f","uid":"u","controller":true}]},"spec":{)" +
           (node.empty() ? "" : R"("nodeName":")" + node + "\"") + R"(},"status":{"phase":")" + phase +
           R"(","conditions":[{"type":"Ready","status":")" + ready + "\"}]}}";
}

Alert about(const std::string& resource, const std::string& name, const std::string& cluster = "prod") {
    Alert alert;
    alert.cluster = cluster;
    alert.object = {cluster, resource, "", "shop", name, "hpa-1"};
    return alert;
}

constexpr TimePoint start{1000h};

class UnavailablePodsTest : public testing::Test {
protected:
    std::set<std::string> nodesOf(const Alert& alert, TimePoint now = start) { return *pods.nodesOf(alert, now); }
    Objects objects;
    UnavailablePods pods{objects};
    const Alert web = about("deployments.apps", "web");
};

TEST_F(UnavailablePodsTest, AreThoseOfTheWorkloadThatAreNotReady) {
    objects.add(pod("web", "n1", "False"));
    objects.add(pod("web", "n2", "True"));
    objects.add(pod("web", "n3", "Unknown"));
    objects.add(pod("other", "n4", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1", "n3"));
    EXPECT_THAT(nodesOf(about("deployments.apps", "gone")), IsEmpty());
}

TEST_F(UnavailablePodsTest, AreOnNoNodeBeforeTheyAreScheduled) {
    objects.add(pod("web", "n1", "False"));
    objects.add(pod("web", "", "False", "", "Pending"));
    EXPECT_THAT(nodesOf(web), ElementsAre("", "n1"));
}

TEST_F(UnavailablePodsTest, AreNotThoseThatGoOrHaveEnded) {
    objects.add(pod("web", "n1", "False", R"("deletionTimestamp":"2026-11-24T05:00:00Z",)"));
    objects.add(pod("web", "n2", "False", "", "Succeeded"));
    objects.add(pod("web", "n3", "False", "", "Failed"));
    EXPECT_THAT(nodesOf(web), IsEmpty());
}

TEST_F(UnavailablePodsTest, AreThoseOfWhatAnAutoscalerScales) {
    objects.add(pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(about("horizontalpodautoscalers.autoscaling", "web-scaler")), ElementsAre("n1"));
}

TEST_F(UnavailablePodsTest, AreNotKnownBeforeAnyPodIs) {
    EXPECT_FALSE(pods.nodesOf(web, start));
    objects.add(pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1"));
    EXPECT_FALSE(pods.nodesOf(about("deployments.apps", "web", "test"), start));
}

TEST_F(UnavailablePodsTest, AreLookedForAnewAfterASecond) {
    objects.add(pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1"));
    objects.clear();
    objects.add(pod("web", "n2", "False"));
    EXPECT_THAT(nodesOf(web, start + 999ms), ElementsAre("n1"));
    EXPECT_THAT(nodesOf(web, start + 1s), ElementsAre("n2"));
}

}  // namespace
}  // namespace klaw::rules
