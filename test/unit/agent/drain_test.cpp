#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr auto podsPath = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1";
constexpr auto budgetsPath = "/apis/policy/v1/poddisruptionbudgets";

json podOf(const std::string& owner, const std::string& name, json rest = json::object()) {
    auto made =
        object("Pod", "shop", name, {{"metadata", {{"labels", {{"app", "web"}}}}}, {"status", {{"phase", "Running"}}}});
    if (!owner.empty())
        made["metadata"]["ownerReferences"] = json::array({json{{"kind", owner}, {"name", "x"}, {"controller", true}}});
    made.merge_patch(rest);
    return made;
}

json budget(int allowed) {
    return object(
        "PodDisruptionBudget", "shop", "web",
        {{"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}}, {"status", {{"disruptionsAllowed", allowed}}}});
}

class DrainTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        control.objects[nodePath] = node(false);
        setPods({podOf("ReplicaSet", "web-1"), podOf("ReplicaSet", "web-2")});
        control.objects[budgetsPath] = {{"items", json::array()}};
        control.onChange = [this](const FakeControl::Change& change) { return changed(change); };
    }
    void setPods(std::vector<json> pods) { control.objects[podsPath] = {{"items", pods}}; }
    void setBudget(int allowed) { control.objects[budgetsPath] = {{"items", {budget(allowed)}}}; }
    /// The cluster evicts at once, as far as its budget goes.
    Task<Result<std::string>> changed(FakeControl::Change change) {
        const auto& path = change.request.path;
        if (!path.ends_with("/eviction")) {
            if (!change.dryRun()) control.objects[nodePath] = node(true);
            co_return node(true).dump();
        }
        ++evictions;
        auto& budgets = control.objects[budgetsPath]["items"];
        bool covered = !budgets.empty();
        if (covered && budgets[0]["status"]["disruptionsAllowed"] == 0)
            co_return fail(ErrorCode::ResourceExhausted,
                           "429 Cannot evict pod as it would violate the pod's disruption budget.");
        if (covered)
            budgets[0]["status"]["disruptionsAllowed"] = budgets[0]["status"]["disruptionsAllowed"].get<int>() - 1;
        auto& pods = control.objects[podsPath]["items"];
        auto name = path.substr(0, path.size() - 9);
        name = name.substr(name.rfind('/') + 1);
        std::erase_if(pods.get_ref<json::array_t&>(), [&](const json& pod) { return pod["metadata"]["name"] == name; });
        co_return std::string(R"({"kind":"Status"})");
    }
    std::string lastTold() const { return told.empty() ? std::string() : told.back().second.text; }

    int evictions = 0;
};

TEST_F(DrainTest, ThePreviewNamesThePodsWhoStaysAndWhichBudgetsWait) {
    setPods({podOf("ReplicaSet", "web-1"), podOf("ReplicaSet", "web-2"), podOf("DaemonSet", "log"),
             podOf("Job", "done", {{"status", {{"phase", "Succeeded"}}}}),
             podOf("Node", "static", {{"metadata", {{"annotations", {{"kubernetes.io/config.mirror", "x"}}}}}})});
    setBudget(1);
    auto preview = ask("drain node-1");
    EXPECT_THAT(preview.text, AllOf(HasSubstr("2 Pods are evicted"), HasSubstr("spec.unschedulable: - → true"),
                                    HasSubstr("evicted: shop/web-1 (ReplicaSet), shop/web-2 (ReplicaSet)"),
                                    HasSubstr("stay: 1 of DaemonSets, 1 static, 1 finished"),
                                    HasSubstr("the disruption budget shop/web lets 1 of its 2 Pods here go now")));
    EXPECT_EQ(evictions, 0);
    EXPECT_EQ(control.objects[nodePath], node(false));
}

TEST_F(DrainTest, CordonsEvictsAndSaysSoWithTheWayBack) {
    auto begun = confirmed("drain node-1");
    EXPECT_TRUE(begun.ok) << begun.text;
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(), HasSubstr("✅ 2 of 2 Pods evicted"));
    EXPECT_THAT(told.back().second.undo, HasSubstr("uncordon node/node-1 --cluster prod --expect u-node@"));
    EXPECT_THAT(rows(),
                AllOf(Contains(Pair("prod/Node/node-1", "allowed")), Contains(Pair("prod/shop/Pod/web-1", "allowed")),
                      Contains(Pair("prod/shop/Pod/web-1", "done")), Contains(Pair("prod/shop/Pod/web-2", "done")),
                      Contains(Pair("prod/Node/node-1", "completed"))));
    EXPECT_TRUE(meta.empty());
    EXPECT_TRUE(ask(told.back().second.undo).ok);
}

TEST_F(DrainTest, EachEvictionIsOfThePodThatWasThere) {
    confirmed("drain node-1");
    json eviction;
    for (const auto& change : control.changes)
        if (change.request.path.ends_with("web-1/eviction")) eviction = json::parse(change.request.body);
    EXPECT_EQ(eviction["deleteOptions"]["preconditions"]["uid"], "u-web-1");
}

TEST_F(DrainTest, WaitsForABudgetAndGoesOnWhenItAllows) {
    setBudget(1);
    confirmed("drain node-1");
    for (int i = 0; i < 20; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(),
                HasSubstr("⏳ 1 of 2 Pods evicted; left: shop/web-2 (waits for the disruption budget shop/web)"));
    auto tries = evictions;
    EXPECT_LE(tries, 3) << "each try is a row of the audit log";
    setBudget(1);
    for (int i = 0; i < 7; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(), HasSubstr("✅ 2 of 2 Pods evicted"));
}

TEST_F(DrainTest, SaysWhatIsStuckWhenItsTimeIsUp) {
    setBudget(0);
    confirmed("drain node-1 --timeout 1m");
    for (int i = 0; i < 62; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(),
                AllOf(HasSubstr("❌ 0 of 2 Pods evicted"), HasSubstr("waits for the disruption budget shop/web"),
                      HasSubstr("not done after 1m"), HasSubstr("the node stays cordoned")));
    EXPECT_FALSE(told.back().second.ok);
    EXPECT_THAT(told.back().second.undo, HasSubstr("uncordon"));
    EXPECT_EQ(audit.back().decision, "failed");
    EXPECT_TRUE(meta.empty());
}

TEST_F(DrainTest, WhoeverHasNoCardHearsTheEndInTheAnswer) {
    auto preview = ask("drain node-1", "feishu:ou_li", false);
    EXPECT_THAT(ask(preview.confirm, "feishu:ou_li", false).text, HasSubstr("✅ 2 of 2 Pods evicted"));
}

TEST_F(DrainTest, PodsThatWouldBeLostAreRefusedInTheWordsOfKubectlUnlessItIsSaid) {
    json local{{"spec", {{"volumes", {{{"name", "tmp"}, {"emptyDir", json::object()}}}}}}};
    setPods({podOf("", "lonely"), podOf("ReplicaSet", "cache", local)});
    EXPECT_THAT(ask("drain node-1").text, AllOf(HasSubstr("cannot evict Pods that declare no controller: shop/lonely"),
                                                HasSubstr("cannot evict Pods with local storage: shop/cache"),
                                                HasSubstr("--force --delete-emptydir-data")));
    EXPECT_THAT(ask("drain node-1 --force").text, AllOf(Not(HasSubstr("no controller")), HasSubstr("local storage")));
    auto preview = ask("drain node-1 --force --delete-emptydir-data");
    EXPECT_THAT(preview.text,
                AllOf(HasSubstr("nothing makes these anew: shop/lonely"), HasSubstr("emptyDir is lost: shop/cache")));
    EXPECT_NE(preview.confirm, "");
}

TEST_F(DrainTest, APodThatTheClusterRefusesForGoodIsSaidAndTheOthersGo) {
    auto evict = control.onChange;
    control.onChange = [evict](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (change.request.path.ends_with("web-1/eviction"))
            co_return fail(ErrorCode::Internal, "500 This pod has more than one PodDisruptionBudget");
        co_return co_await evict(change);
    };
    confirmed("drain node-1");
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(),
                HasSubstr("❌ 1 of 2 Pods evicted; left: shop/web-1 (refused: 500 This pod has more than one"));
    EXPECT_THAT(rows(), Contains(Pair("prod/shop/Pod/web-1", "failed")));
}

TEST_F(DrainTest, WhoMayNotEvictInANamespaceOfThePodsMayNotDrain) {
    std::vector<access::Role> roles{{"nodes", {{{"read", "nodes"}, {}, {}, {}, {}}}}};
    std::vector<access::Binding> people{{"No", {"feishu:ou_no"}, {}, "nodes", {}, {}}};
    gate.setPolicy(access::Policy(people, roles));
    EXPECT_THAT(ask("drain node-1", "feishu:ou_no").text,
                HasSubstr("has no role that allows \"drain\" on pods/web-1 in namespace shop"));
    EXPECT_TRUE(ask("cordon node-1", "feishu:ou_no").ok);
    gate.setPolicy(access::Policy({{"Op", {"feishu:ou_op"}, {}, "operator", {}, {}}}));
    EXPECT_THAT(ask("drain node-1", "feishu:ou_op").text, HasSubstr("has no role that allows \"drain\""));
}

TEST_F(DrainTest, KilledInTheMiddleItIsFoundOutAndNotGoneOnWith) {
    setBudget(1);
    confirmed("drain node-1");
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    auto kept = meta;
    ASSERT_EQ(kept.size(), 1u);
    end(desk);
    told.clear();
    setBudget(1);
    auto before = evictions;
    ChangeDesk next{loop,
                    clock,
                    random,
                    control,
                    gate,
                    flush,
                    [](const std::string&, const rules::Action&) {},
                    [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); }};
    next.resume(kept);
    for (int i = 0; i < 5; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(), AllOf(HasSubstr("❌ 1 of 2 Pods evicted; left: shop/web-2"),
                                  HasSubstr("Klaw was restarted during this")));
    EXPECT_THAT(told.back().second.undo, HasSubstr("uncordon node/node-1"));
    EXPECT_EQ(evictions, before);
    EXPECT_TRUE(meta.empty());
    TaskGroup last(loop, [](const std::string&, const std::string&) {});
    last.spawn("end", next.stop());
    while (!last.empty()) loop.poll();
}

TEST_F(DrainTest, ANodeThatIsDrainedIsSaidToBeSo) {
    control.objects[nodePath] = node(true);
    setPods({podOf("DaemonSet", "log")});
    EXPECT_THAT(ask("drain node-1").text, HasSubstr("is drained already"));
}

TEST_F(DrainTest, ANodeThatWasCordonedBeforeStaysSo) {
    control.objects[nodePath] = node(true);
    auto begun = confirmed("drain node-1");
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    EXPECT_THAT(lastTold(), HasSubstr("✅ 2 of 2 Pods evicted"));
    EXPECT_EQ(told.back().second.undo, "");
    EXPECT_THAT(rows(), Contains(Pair("prod/Node/node-1", "begun")));
}

}  // namespace
}  // namespace klaw::app
