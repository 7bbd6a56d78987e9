#include "rules/unavailable_pods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The autoscaler hpa-1 of the Deployment shop/web.
class Autoscalers final : public ObjectSource {
public:
    void forEach(std::string_view, std::string_view, const std::function<void(PackedView)>&) const override {}
    PackedView find(std::string_view, std::string_view, std::string_view uid) const override {
        return uid == "hpa-1" ? autoscaler_.view() : PackedView();
    }

private:
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

class UnavailablePodsTest : public testing::Test {
protected:
    void see(const std::string& uid, const std::string& json, Change::Type type = Change::Type::Modified) {
        auto object = *packJson(R"({"metadata":{"uid":")" + uid + "\"," + json.substr(json.find(R"("name")")));
        pods.note({type, "prod", "pods", object.view(), {}, false});
    }
    /// Another Pod.
    void add(const std::string& json) { see("u-" + std::to_string(++added), json, Change::Type::Added); }
    std::set<std::string> nodesOf(const Alert& alert) { return *pods.nodesOf(alert); }
    int added = 0;
    Autoscalers autoscalers;
    UnavailablePods pods{autoscalers};
    const Alert web = about("deployments.apps", "web");
};

TEST_F(UnavailablePodsTest, AreThoseOfTheWorkloadThatAreNotReady) {
    add(pod("web", "n1", "False"));
    add(pod("web", "n2", "True"));
    add(pod("web", "n3", "Unknown"));
    add(pod("other", "n4", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1", "n3"));
    EXPECT_THAT(nodesOf(about("deployments.apps", "gone")), IsEmpty());
}

TEST_F(UnavailablePodsTest, AreOnNoNodeBeforeTheyAreScheduled) {
    add(pod("web", "n1", "False"));
    add(pod("web", "", "False", "", "Pending"));
    EXPECT_THAT(nodesOf(web), ElementsAre("", "n1"));
}

TEST_F(UnavailablePodsTest, AreNotThoseThatGoOrHaveEnded) {
    add(pod("web", "n1", "False", R"("deletionTimestamp":"2026-11-24T05:00:00Z",)"));
    add(pod("web", "n2", "False", "", "Succeeded"));
    add(pod("web", "n3", "False", "", "Failed"));
    EXPECT_THAT(nodesOf(web), IsEmpty());
}

TEST_F(UnavailablePodsTest, AreThoseOfWhatAnAutoscalerScales) {
    add(pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(about("horizontalpodautoscalers.autoscaling", "web-scaler")), ElementsAre("n1"));
}

TEST_F(UnavailablePodsTest, AreNotKnownBeforeAnyPodIs) {
    EXPECT_FALSE(pods.nodesOf(web));
    add(pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1"));
    EXPECT_FALSE(pods.nodesOf(about("deployments.apps", "web", "test")));
}

TEST_F(UnavailablePodsTest, FollowTheirChangesUntilTheyAreGone) {
    see("a", pod("web", "", "False", "", "Pending"));
    see("b", pod("web", "n1", "False"));
    see("a", pod("web", "n1", "False"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1"));
    see("a", pod("web", "n1", "True"));
    EXPECT_THAT(nodesOf(web), ElementsAre("n1")) << "of the other one";
    see("b", pod("web", "n1", "False"), Change::Type::Deleted);
    EXPECT_THAT(nodesOf(web), IsEmpty());
}

TEST_F(UnavailablePodsTest, OfAClusterThatIsNoLongerWatchedAreForgotten) {
    add(pod("web", "n1", "False"));
    pods.keepClusters({"test"});
    EXPECT_FALSE(pods.nodesOf(web));
}

}  // namespace
}  // namespace klaw::rules
