#include "rules/incident_context.hpp"

#include <gtest/gtest.h>

#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

class Pods final : public ObjectSource {
public:
    void add(const std::string& json) { pods_.push_back(*packJson(json)); }
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        if (resource == "pods")
            for (const auto& pod : pods_) visit(pod.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view) const override { return {}; }

private:
    std::vector<PackedObject> pods_;
};

std::string deployment(int generation, const std::string& image, int replicas) {
    return R"({"metadata":{"name":"web","namespace":"shop","generation":)" + std::to_string(generation) +
           R"(,"managedFields":[{"manager":"kubectl-set","time":"2026-11-24T05:00:00Z"},)"
           R"({"manager":"helm","time":"2026-11-01T05:00:00Z"},)"
           R"({"manager":"kube-controller-manager","time":"2026-11-24T05:00:09Z","subresource":"status"}]},)"
           R"("spec":{"replicas":)" +
           std::to_string(replicas) + R"(,"template":{"spec":{"containers":[{"name":"app","image":")" + image +
           R"("}]}}}})";
}

constexpr TimePoint start{1000h};

class IncidentContextTest : public testing::Test {
protected:
    void change(const std::string& before, const std::string& after, TimePoint at) {
        auto was = *packJson(before), is = *packJson(after);
        Change change{Change::Type::Modified, "prod", "deployments.apps", is.view(), was.view(), false};
        context.note(change, at);
    }
    Incident incidentOf(ObjectRef owner, TimePoint openedAt) {
        Incident incident;
        incident.cluster = "prod";
        incident.owner = std::move(owner);
        incident.openedAt = openedAt;
        context.describe(incident);
        return incident;
    }
    Pods pods;
    IncidentContext context{pods};
    const ObjectRef web{"prod", "deployments.apps", "Deployment", "shop", "web", ""};
};

TEST_F(IncidentContextTest, TellsWhatWasChangedByWhomBeforeIt) {
    change(deployment(1, "web:1", 3), deployment(2, "web:2", 5), start);
    auto incident = incidentOf(web, start + 12min);
    ASSERT_EQ(incident.changes.size(), 1u);
    EXPECT_EQ(incident.changes[0], (RecentChange{"app: web:1 → web:2, replicas: 3 → 5", "kubectl-set", start}));
}

TEST_F(IncidentContextTest, TellsOfOtherChangesOfTheSpecAsSuch) {
    change(deployment(1, "web:1", 3), deployment(2, "web:1", 3), start);
    EXPECT_EQ(incidentOf(web, start).changes.at(0).what, "spec");
}

TEST_F(IncidentContextTest, TellsNothingOfUpdatesOfTheStatusNorOfOthersNorOfLongAgo) {
    change(deployment(1, "web:1", 3), deployment(1, "web:1", 3), start);
    EXPECT_TRUE(incidentOf(web, start).changes.empty());
    change(deployment(1, "web:1", 3), deployment(2, "web:2", 3), start);
    auto other = web;
    other.ns = "test";
    EXPECT_TRUE(incidentOf(other, start).changes.empty());
    EXPECT_TRUE(incidentOf(web, start + 31min).changes.empty());
    EXPECT_TRUE(incidentOf(web, start - 1min).changes.empty()) << "what came after is no cause";
}

TEST_F(IncidentContextTest, KeepsTheLastFewChangesOfEachWorkload) {
    for (int i = 1; i <= 9; ++i) change(deployment(i, "web:1", i), deployment(i + 1, "web:1", i + 1), start + i * 1s);
    auto changes = incidentOf(web, start + 1min).changes;
    ASSERT_EQ(changes.size(), IncidentContext::maxKept);
    EXPECT_EQ(changes.back().what, "replicas: 9 → 10");
}

TEST_F(IncidentContextTest, ListsWhatRunsOnANodeMostFirst) {
    auto pod = [](const std::string& name, const std::string& node, const std::string& set) {
        return R"({"metadata":{"name":")" + name +
               R"(","namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1",)" +
               R"("kind":"StatefulSet","name":")" + set + R"(","uid":"u","controller":true}]},"spec":{"nodeName":")" +
               node + "\"}}";
    };
    for (const auto* set : {"a", "b", "b", "c", "d", "e", "f", "g"})
        pods.add(pod(std::string(set) + "-0", "node-1", set));
    pods.add(pod("elsewhere-0", "node-2", "elsewhere"));
    auto incident = incidentOf({"prod", "nodes", "Node", "", "node-1", ""}, start);
    EXPECT_EQ(incident.dependents,
              (std::vector<std::string>{"StatefulSet shop/b (2)", "StatefulSet shop/a", "StatefulSet shop/c",
                                        "StatefulSet shop/d", "StatefulSet shop/e", "+ 2"}));
    EXPECT_TRUE(incidentOf(web, start).dependents.empty());
}

}  // namespace
}  // namespace klaw::rules
