#include "agent/operate/disruption.hpp"

#include <gmock/gmock.h>

#include <tuple>

#include "agent/operate/guard.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/percent.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::operate {
namespace {

using app::FakeControl;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Of the Deployment web.
json pod(const std::string& name, bool ready = true, const std::string& hash = "6d4f") {
    return {
        {"metadata",
         {{"name", name},
          {"namespace", "shop"},
          {"uid", "u-" + name},
          {"labels", {{"app", "web"}, {"pod-template-hash", hash}}},
          {"ownerReferences", json::array({{{"kind", "ReplicaSet"}, {"name", "web-" + hash}, {"controller", true}}})}}},
        {"status", {{"conditions", json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}}}};
}

json lonelyPod(const std::string& name) {
    auto lonely = pod(name);
    lonely["metadata"].erase("ownerReferences");
    return lonely;
}

json budget(const std::string& name, int allowed, json selector) {
    return {{"metadata", {{"name", name}, {"namespace", "shop"}}},
            {"spec", {{"selector", std::move(selector)}}},
            {"status", {{"disruptionsAllowed", allowed}}}};
}

json list(json items) {
    return {{"items", std::move(items)}};
}

std::string podsOf(const std::string& selector) {
    auto path = std::string("/api/v1/namespaces/shop/pods?limit=500");
    return selector.empty() ? path : path + "&labelSelector=" + percentEncode(selector);
}

constexpr auto budgetsPath = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets";
const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

class DisruptionTest : public testing::Test {
protected:
    Disruption lost(std::vector<json> leaving, std::vector<access::Limit> limits = {}) {
        std::optional<Disruption> found;
        auto looking = [&]() -> Task<void> {
            found = co_await disruptionBy(control, Caller(), "prod", std::move(leaving), std::move(limits));
        };
        tasks.spawn("look", looking());
        EXPECT_TRUE(loop.runUntil([&] { return found.has_value(); }));
        return found.value_or(Disruption());
    }
    Result<std::vector<std::string>> guard(Plan plan) {
        std::optional<Result<std::vector<std::string>>> notes;
        auto impact = impactOf(plan);
        auto looking = [&]() -> Task<void> {
            notes = co_await guarded(control, Caller(), std::move(plan), std::move(impact));
        };
        tasks.spawn("guard", looking());
        EXPECT_TRUE(loop.runUntil([&] { return notes.has_value(); }));
        return std::move(*notes);
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    FakeControl control{clock};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
};

TEST_F(DisruptionTest, TheLastReadyPodOfAWorkloadIsNamed) {
    control.objects[podsOf("app=web")] = list({pod("web-1"), pod("web-2", false), pod("web-3", true, "77aa")});
    EXPECT_THAT(lost({pod("web-1")}).last, IsEmpty()) << "web-3 of the next revision stays";
    auto both = lost({pod("web-1"), pod("web-3", true, "77aa")});
    ASSERT_EQ(both.last.size(), 1u);
    EXPECT_EQ(describe(both.last[0], false), "no ready Pod of shop/web stays: the last 2 would go");
    EXPECT_THAT(lost({pod("web-2", false)}).last, IsEmpty()) << "it served nobody";
}

TEST_F(DisruptionTest, APodWithoutAControllerIsItsOwnLast) {
    auto found = lost({lonelyPod("single")});
    ASSERT_EQ(found.last.size(), 1u);
    EXPECT_EQ(found.last[0].name, "single");
}

TEST_F(DisruptionTest, BudgetsThatWouldBreakAreNamed) {
    control.objects[budgetsPath] =
        list({budget("web", 1, {{"matchLabels", {{"app", "web"}}}}),
              budget("db", 0, {{"matchLabels", {{"app", "db"}}}}), budget("all", 5, json::object())});
    EXPECT_THAT(lost({pod("web-1")}).budgets, IsEmpty());
    auto found = lost({pod("web-1"), pod("web-2")}).budgets;
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(describe(found[0], false),
              "the disruption budget shop/web allows 1 of its Pods to go now, and this takes 2");
    EXPECT_THAT(lost({pod("web-1"), pod("web-2", false)}).budgets, IsEmpty()) << "one is not ready anyway";
}

TEST_F(DisruptionTest, TooFewHealthyPodsAreToldByNamespaceAndLabel) {
    control.objects[podsOf("app=web")] = list({pod("web-1"), pod("web-2"), pod("web-3", false)});
    access::Limit two, elsewhere;
    two.minHealthy = elsewhere.minHealthy = 2;
    two.selector = elsewhere.selector = "app=web";
    elsewhere.namespaces = {"other"};
    auto found = lost({pod("web-1")}, {two, elsewhere}).tooFew;
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(
        describe(found[0], false),
        "the limit `min_healthy`: 2 ready Pods must be left in namespace shop (app=web); there are 2, and 1 would "
        "be left");
    EXPECT_THAT(lost({pod("web-3", false)}, {two}).tooFew, IsEmpty());
}

TEST_F(DisruptionTest, PagesAreFollowedToTheEnd) {
    auto first = list(json::array({pod("web-1")}));
    first["metadata"]["continue"] = "next";
    control.objects[podsOf("app=web")] = first;
    control.objects[podsOf("app=web") + "&continue=next"] = list(json::array({pod("web-2")}));
    EXPECT_THAT(lost({pod("web-1")}).last, IsEmpty());
}

TEST_F(DisruptionTest, WhatCannotBeAskedIsSaid) {
    control.onAsk = [](const std::string&) -> Result<std::string> {
        return fail(ErrorCode::PermissionDenied, "403 forbidden");
    };
    access::Limit two;
    two.minHealthy = 2;
    auto found = lost({pod("web-1")}, {two});
    EXPECT_THAT(found.unknown, ElementsAre("disruption budgets: 403 forbidden", "other Pods of web: 403 forbidden"));
    EXPECT_THAT(found.unknownMinimum, ElementsAre("the Pods of shop cannot be counted: 403 forbidden"));
}

TEST(LeavesWithItsNode, ExceptWhatStaysOrIsGone) {
    EXPECT_TRUE(leavesWithItsNode(pod("web-1")));
    EXPECT_TRUE(leavesWithItsNode(lonelyPod("single")));
    auto daemon = pod("agent");
    daemon["metadata"]["ownerReferences"][0]["kind"] = "DaemonSet";
    EXPECT_FALSE(leavesWithItsNode(daemon));
    auto mirror = lonelyPod("kube-apiserver-n1");
    mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "ab12";
    EXPECT_FALSE(leavesWithItsNode(mirror));
    auto ended = pod("job-1");
    ended["status"]["phase"] = "Succeeded";
    EXPECT_FALSE(leavesWithItsNode(ended));
    auto going = pod("web-2");
    going["metadata"]["deletionTimestamp"] = "2026-11-25T10:00:00Z";
    EXPECT_FALSE(leavesWithItsNode(going));
}

Plan deletionOf(const json& object) {
    Plan plan;
    plan.cluster = "prod";
    plan.ns = "shop";
    plan.kind = "Pod";
    plan.name = object["metadata"]["name"];
    plan.before = object.dump();
    plan.path = "/api/v1/namespaces/shop/pods/" + plan.name;
    plan.request = {"DELETE", plan.path, "application/json", "{}"};
    return plan;
}

json workload(const std::string& kind, int replicas, json strategy = {}) {
    json object{{"kind", kind},
                {"metadata", {{"name", "web"}, {"namespace", "shop"}}},
                {"spec",
                 {{"replicas", replicas},
                  {"selector", {{"matchLabels", {{"app", "web"}}}}},
                  {"template", {{"metadata", {{"labels", {{"app", "web"}}}}}}}}}};
    if (!strategy.is_null()) object["spec"]["strategy"] = std::move(strategy);
    return object;
}

Plan patchOf(const json& object, const json& operations) {
    Plan plan;
    plan.cluster = "prod";
    plan.ns = "shop";
    plan.kind = object["kind"];
    plan.name = "web";
    plan.before = object.dump();
    plan.request = {"PATCH", "/x", "application/json-patch+json", operations.dump()};
    return plan;
}

json scaling(int replicas) {
    return json::array({{{"op", "add"}, {"path", "/spec/replicas"}, {"value", replicas}}});
}

const json restarting = json::array(
    {{{"op", "add"}, {"path", "/spec/template/metadata/annotations"}, {"value", {{"restartedAt", "now"}}}}});

TEST(Impact, OfScalingIsTheDifference) {
    auto up = impactOf(patchOf(workload("Deployment", 2), scaling(5)));
    EXPECT_EQ(up.replicas, 5);
    EXPECT_EQ(up.pods, 3);
    EXPECT_EQ(up.loss, Impact::Loss::None);
    auto down = impactOf(patchOf(workload("Deployment", 5), scaling(2)));
    EXPECT_EQ(down.pods, 3);
    EXPECT_EQ(down.loss, Impact::Loss::Smaller);
    EXPECT_EQ(impactOf(patchOf(workload("StatefulSet", 5), scaling(0))).loss, Impact::Loss::All);
}

TEST(Impact, OfARestartIsEveryPodAndWhatServesMeanwhile) {
    struct Case {
        const char* what;
        json object;
        std::int64_t pods;
        Impact::Loss loss;
        bool single;
    };
    const std::vector<Case> cases{
        {"beside each other", workload("Deployment", 4), 4, Impact::Loss::None, false},
        {"one, with room for another", workload("Deployment", 1), 1, Impact::Loss::None, true},
        {"one, without", workload("Deployment", 1, {{"rollingUpdate", {{"maxUnavailable", 1}, {"maxSurge", 0}}}}), 1,
         Impact::Loss::All, false},
        {"all at once", workload("Deployment", 3, {{"type", "Recreate"}}), 3, Impact::Loss::All, false},
        {"half of them", workload("Deployment", 4, {{"rollingUpdate", {{"maxUnavailable", "50%"}}}}), 4,
         Impact::Loss::None, false},
        {"one of a StatefulSet", workload("StatefulSet", 1), 1, Impact::Loss::All, false},
        {"two of a StatefulSet", workload("StatefulSet", 2), 2, Impact::Loss::None, false},
    };
    for (const auto& each : cases) {
        auto impact = impactOf(patchOf(each.object, restarting));
        EXPECT_EQ(impact.pods, each.pods) << each.what;
        EXPECT_EQ(impact.loss, each.loss) << each.what;
        EXPECT_EQ(impact.single, each.single) << each.what;
        EXPECT_FALSE(impact.replicas) << each.what;
    }
}

TEST(Impact, OfAPatchThatDoesNotFitIsNothing) {
    auto operations = json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "another"}}});
    EXPECT_EQ(impactOf(patchOf(workload("Deployment", 2), operations)).pods, 0);
    EXPECT_EQ(impactOf(patchOf(workload("Deployment", 2), "no patch")).pods, 0);
}

TEST_F(DisruptionTest, OneChangeTouchesNoMorePodsThanTheLimitSays) {
    access::Limit limit;
    limit.podsPerChange = 3;
    limit.clusters = {"prod*"};
    control.limited = {limit};
    EXPECT_TRUE(guard(patchOf(workload("Deployment", 3), restarting)));
    auto over = guard(patchOf(workload("Deployment", 4), restarting));
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(
        over.error().message,
        "the limit `pods_per_change`: one change touches at most 3 Pods, and this one of Deployment web touches 4");
    EXPECT_THAT(over.error().remedy, HasSubstr("in smaller steps"));
}

TEST_F(DisruptionTest, DeletingAPodSaysWhatIsLost) {
    control.objects[podsOf("app=web")] = list(json::array({pod("web-1")}));
    control.objects[budgetsPath] = list(json::array({budget("web", 0, {{"matchLabels", {{"app", "web"}}}})}));
    auto notes = guard(deletionOf(pod("web-1")));
    ASSERT_TRUE(notes);
    EXPECT_THAT(*notes, ElementsAre("no ready Pod of shop/web stays: the last 1 would go",
                                    "the disruption budget shop/web allows 0 of its Pods to go now, and this takes 1"));
    access::Limit limit;
    limit.budgets = true;
    control.limited = {limit};
    auto refused = guard(deletionOf(pod("web-1")));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("the disruption budget shop/web"));
    auto eviction = deletionOf(pod("web-1"));
    eviction.request = {"POST", eviction.path + "/eviction", "application/json", "{}"};
    EXPECT_TRUE(guard(eviction)) << "the API server minds the budget itself";
}

TEST_F(DisruptionTest, ScalingDownKeepsEnoughHealthyPods) {
    auto all = list({pod("web-1"), pod("web-2"), pod("web-3", false)});
    control.objects[podsOf("app=web")] = all;
    control.objects["/api/v1/namespaces/shop/pods?labelSelector=" + percentEncode("app=web")] = all;
    access::Limit limit;
    limit.minHealthy = 2;
    limit.selector = "app=web";
    control.limited = {limit};
    EXPECT_TRUE(guard(patchOf(workload("Deployment", 3), scaling(2)))) << "the one that is not ready goes first";
    auto refused = guard(patchOf(workload("Deployment", 3), scaling(1)));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("there are 2, and 1 would be left"));
}

TEST_F(DisruptionTest, ALimitThatCannotBeLookedAtIsNotKept) {
    access::Limit limit;
    limit.minHealthy = 1;
    control.limited = {limit};
    control.silentClusters["prod"] = "no answer";
    for (const auto& plan : {deletionOf(pod("web-1")), patchOf(workload("Deployment", 3), scaling(1))}) {
        auto refused = guard(plan);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("the limit `min_healthy` cannot be looked at"));
    }
}

Plan applied(const json& before, const json& wanted) {
    Plan plan;
    plan.cluster = "prod";
    plan.ns = "shop";
    plan.kind = wanted["kind"];
    plan.name = "web";
    if (before.is_object())
        plan.before = before.dump();
    else
        plan.wanted = wanted.dump();
    plan.request = {"PATCH", "/x", "application/apply-patch+yaml", wanted.dump()};
    return plan;
}

json wantedDeployment(const std::string& image, std::optional<int> replicas) {
    json wanted{{"kind", "Deployment"}, {"metadata", {{"name", "web"}}}};
    wanted["spec"]["template"]["spec"]["containers"] = json::array({{{"name", "web"}, {"image", image}}});
    if (replicas) wanted["spec"]["replicas"] = *replicas;
    return wanted;
}

/// With what the API server adds.
json servedDeployment(int replicas) {
    auto served = workload("Deployment", replicas);
    served["spec"]["template"]["spec"]["containers"] = json::array(
        {{{"name", "web"}, {"image", "web:1"}, {"imagePullPolicy", "Always"}}, {{"name", "log"}, {"image", "log:1"}}});
    return served;
}

TEST(Impact, OfAnApplyIsWhatItChanges) {
    auto served = servedDeployment(4);
    auto same = impactOf(applied(served, wantedDeployment("web:1", 4)));
    EXPECT_EQ(same.pods, 0) << "what it does not name stays";
    EXPECT_FALSE(same.replicas);
    auto gone = impactOf(applied(served, wantedDeployment("web:1", 0)));
    EXPECT_EQ(gone.replicas, 0);
    EXPECT_EQ(gone.pods, 4);
    EXPECT_EQ(gone.loss, Impact::Loss::All);
    auto smaller = impactOf(applied(served, wantedDeployment("web:1", 1)));
    EXPECT_EQ(smaller.replicas, 1);
    EXPECT_EQ(smaller.loss, Impact::Loss::Smaller);
    EXPECT_EQ(impactOf(applied(served, wantedDeployment("web:2", {}))).pods, 4) << "all are replaced";
    auto fresh = impactOf(applied({}, wantedDeployment("web:1", 7)));
    EXPECT_EQ(fresh.pods, 7);
    EXPECT_EQ(fresh.replicas, 7);
    EXPECT_EQ(fresh.loss, Impact::Loss::None);
}

TEST(Impact, OfAnApplyThatLeavesOutReplicasIsTheDefaultWhereKlawAloneSetThem) {
    auto served = servedDeployment(4);
    auto sets = [](const char* manager, const char* operation) {
        json entry{{"manager", manager}, {"operation", operation}};
        entry["fieldsV1"]["f:spec"]["f:replicas"] = json::object();
        return entry;
    };
    served["metadata"]["managedFields"] = json::array({sets("klaw", "Apply")});
    EXPECT_EQ(impactOf(applied(served, wantedDeployment("web:1", {}))).replicas, 1);
    served["metadata"]["managedFields"].push_back(sets("kube-controller-manager", "Update"));
    EXPECT_FALSE(impactOf(applied(served, wantedDeployment("web:1", {}))).replicas);
}

TEST_F(DisruptionTest, SeveralObjectsTogetherKeepEnoughHealthyPods) {
    auto all = list({pod("web-1"), pod("web-2"), pod("web-3"), pod("web-4")});
    control.objects[podsOf("")] = all;
    control.objects[podsOf("app=web")] = all;
    for (auto [app, first, second] : {std::tuple{"a", "web-1", "web-2"}, std::tuple{"b", "web-3", "web-4"}})
        control.objects["/api/v1/namespaces/shop/pods?labelSelector=" + percentEncode(std::string("app=") + app)] =
            list({pod(first), pod(second)});
    auto emptied = [](const char* app) {
        auto before = workload("Deployment", 2);
        before["spec"]["selector"]["matchLabels"]["app"] = app;
        return applied(before, {{"kind", "Deployment"}, {"spec", {{"replicas", 0}}}});
    };
    access::Limit limit;
    limit.minHealthy = 2;
    limit.namespaces = {"shop"};
    control.limited = {limit};
    Plan one, both;
    one.cluster = both.cluster = "prod";
    one.parts = {emptied("a")};
    both.parts = {emptied("a"), emptied("b")};
    EXPECT_TRUE(guard(one));
    auto refused = guard(both);
    ASSERT_FALSE(refused) << "each alone leaves two, both leave none";
    EXPECT_THAT(refused.error().message, HasSubstr("there are 4, and 0 would be left"));
}

/// Of one Pod of the Deployment web in shop and some of others elsewhere.
Plan drainOf(const std::vector<std::pair<std::string, std::string>>& pods) {
    Plan plan;
    plan.cluster = "prod-1";
    plan.kind = "Node";
    plan.name = "node-1";
    plan.path = "/api/v1/nodes/node-1";
    plan.evictsFor = 5min;
    for (const auto& [ns, name] : pods) {
        auto object = pod(name);
        object["metadata"]["namespace"] = ns;
        auto part = deletionOf(object);
        part.ns = ns;
        plan.parts.push_back(std::move(part));
    }
    return plan;
}

TEST_F(DisruptionTest, ADrainKeepsTheLimitsOfTheNamespacesOfItsPods) {
    control.objects[podsOf("app=web")] = list({pod("web-1"), pod("web-2")});
    access::Limit limit;  // as in docs/safety.md
    limit.clusters = {"prod-*"};
    limit.namespaces = {"shop"};
    limit.selector = "app=web";
    limit.minHealthy = 2;
    control.limited = {limit};
    auto refused = guard(drainOf({{"shop", "web-1"}}));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("2 ready Pods must be left in namespace shop (app=web)"));
    EXPECT_TRUE(guard(drainOf({{"other", "web-1"}})));
}

TEST_F(DisruptionTest, PodsOfAChangeAreCountedWhereTheLimitHolds) {
    access::Limit limit;
    limit.namespaces = {"shop"};
    limit.podsPerChange = 1;
    control.limited = {limit};
    EXPECT_TRUE(guard(drainOf({{"shop", "web-1"}, {"other", "a"}, {"other", "b"}})));
    auto refused = guard(drainOf({{"shop", "web-1"}, {"shop", "web-2"}, {"other", "a"}}));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("at most 1 Pods, and this one of Node node-1 touches 2"));
}

TEST_F(DisruptionTest, DeletingANamespaceTouchesAllItsPods) {
    Plan plan;
    plan.cluster = "prod";
    plan.kind = "Namespace";
    plan.name = "shop";
    plan.path = "/api/v1/namespaces/shop";
    plan.request = {"DELETE", plan.path, "application/json", "{}"};
    EXPECT_TRUE(guard(plan)) << "without a limit nobody needs the list";
    access::Limit most, least;
    most.namespaces = least.namespaces = {"shop"};
    most.podsPerChange = 1;
    least.minHealthy = 1;
    for (const auto& limit : {most, least}) {
        control.limited = {limit};
        control.objects.erase(podsOf(""));
        auto unknown = guard(plan);
        ASSERT_FALSE(unknown);
        EXPECT_THAT(unknown.error().message, HasSubstr("cannot be looked at"));
        control.objects[podsOf("")] = list({pod("web-1"), pod("web-2")});
        auto refused = guard(plan);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr(limit.podsPerChange ? "this one of Namespace shop touches 2"
                                                                           : "there are 2, and 0 would be left"));
        control.limited[0].namespaces = {"other"};
        EXPECT_TRUE(guard(plan));
    }
}

TEST_F(DisruptionTest, ATaintThatEndsPodsTouchesThoseThatDoNotTolerateIt) {
    auto before = app::node(false);
    Plan plan;
    plan.cluster = "prod";
    plan.kind = "Node";
    plan.name = "node-1";
    plan.path = app::nodePath;
    plan.before = before.dump();
    auto taint = [&](const char* effect) {
        json taints = json::array({{{"key", "gone"}, {"effect", effect}}});
        plan.request = {"PATCH", plan.path, "application/json-patch+json",
                        json::array({{{"op", "add"}, {"path", "/spec/taints"}, {"value", taints}}}).dump()};
        return plan;
    };
    auto tolerant = pod("web-3");
    tolerant["spec"]["tolerations"] = json::array({{{"key", "gone"}, {"operator", "Exists"}}});
    access::Limit limit;
    limit.namespaces = {"shop"};
    limit.podsPerChange = 1;
    control.limited = {limit};
    ASSERT_FALSE(guard(taint("NoExecute"))) << "the Pods cannot be listed";
    control.objects["/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1"] = list({pod("web-1"), pod("web-2"), tolerant});
    auto refused = guard(taint("NoExecute"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("this one of Node node-1 touches 2"));
    EXPECT_TRUE(guard(taint("NoSchedule")));
    control.limited[0].podsPerChange = 2;
    EXPECT_TRUE(guard(taint("NoExecute")));
}

}  // namespace
}  // namespace klaw::operate
