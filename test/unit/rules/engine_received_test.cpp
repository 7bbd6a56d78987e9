#include "test/unit/rules/engine_test.hpp"

namespace klaw::rules {
namespace {

const std::string noRules = "rules:\n  - {alert: Other, resource: pods, when: 'false', title: t}\n";

ReceivedAlert received(bool firing, const std::string& title = "from elsewhere") {
    ReceivedAlert given;
    given.firing = firing;
    auto& alert = given.alert;
    alert.origin = "alertmanager";
    alert.rule = "TargetDown";
    alert.cluster = "c1";
    alert.labels = {{"namespace", "shop"}, {"pod", "web-5d-x"}};
    alert.object = alert.owner = {"c1", "pods", "Pod", "shop", "web-5d-x", ""};
    alert.title.en = title;
    return given;
}

class EngineReceived : public EngineTest {};

TEST_F(EngineReceived, FireOnceAndResolveWhenToldSo) {
    start(noRules);
    receive({received(true)});
    EXPECT_EQ(took(), "TargetDown fired");
    pass(5min);
    receive({received(true)});
    EXPECT_EQ(took(), "");
    receive({received(true, "now with more words")});
    EXPECT_EQ(took(), "TargetDown changed");
    receive({received(false)});
    EXPECT_EQ(took(), "TargetDown resolved");
    receive({received(false)});
    EXPECT_EQ(took(), "");
}

TEST_F(EngineReceived, BelongToTheWorkloadOfThePodTheyName) {
    start(noRules);
    put(R"({"metadata":{"name":"web-5d-x","namespace":"shop","uid":"p","labels":{"pod-template-hash":"5d"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d","uid":"r","controller":true}]}})");
    receive({received(true)});
    EXPECT_EQ(only().owner.kind, "Deployment");
    EXPECT_EQ(only().owner.name, "web");
    took();
    remove("p");
    EXPECT_EQ(took(), "") << "only its sender knows when it is over";
}

TEST_F(EngineReceived, GoOnOverARestartAndOverNewRules) {
    start(noRules);
    receive({received(true)});
    took();
    restart(noRules);
    pass(1h);
    replace(noRules + "  - {alert: More, resource: nodes, when: 'false', title: t}\n");
    EXPECT_EQ(took(), "");
    receive({received(false)});
    EXPECT_EQ(took(), "TargetDown resolved");
}

TEST_F(EngineReceived, GoByTheNameOfTheRuleThatTellsOfTheSame) {
    auto ours = rulesOf("rules:\n  - {alert: Down, resource: pods, when: 'false', title: t}\n");
    engine_ = std::make_unique<RuleEngine>(
        ours, objects_, EngineOptions{15s, {}, {{"TargetDown", "Down"}, {"Elsewhere", "NoRuleOfOurs"}}});
    receive({received(true)});
    EXPECT_EQ(took(), "Down fired");
    EXPECT_EQ(only().labels.at("alertname"), "TargetDown") << "silences and routes know it by this";
    receive({received(false)});
    EXPECT_EQ(took(), "Down resolved");
    auto other = received(true);
    other.alert.rule = "Elsewhere";
    receive({other});
    EXPECT_EQ(took(), "Elsewhere fired");
}

}  // namespace
}  // namespace klaw::rules
