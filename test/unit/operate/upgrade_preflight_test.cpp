#include "agent/operate/upgrade_preflight.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint now = *parseRfc3339("2026-11-25T10:00:00Z");
constexpr auto none = R"({"items":[]})";

UpgradeFacts healthy() {
    UpgradeFacts facts;
    facts.version = "v1.30.4";
    facts.certificateEnds = now + 300 * 24h;
    facts.nodes = R"({"items":[{"metadata":{"name":"n1"},"status":{"nodeInfo":{"kubeletVersion":"v1.30.4"},
        "conditions":[{"type":"Ready","status":"True"}]}}]})";
    facts.budgets = facts.validating = facts.mutating = facts.definitions = std::string(none);
    facts.metrics = "# HELP x\nup 1\n";
    facts.backups = {"nightly"};
    facts.lastBackup = now - 8h;
    return facts;
}

/// "blocker: nodes are not ready (n1)"
std::vector<std::string> told(const UpgradeFacts& facts, const std::string& to = "v1.31.0") {
    std::vector<std::string> lines;
    auto table = preflightTable(preflight(facts, *parseKubernetesVersion(to), now), false);
    for (const auto& row : table.rows) lines.push_back(row[0] + ": " + row[1] + " (" + row[2] + ")");
    return lines;
}

TEST(Preflight, FindsNothingInAHealthyCluster) {
    EXPECT_THAT(told(healthy()), IsEmpty());
}

TEST(Preflight, VersionsGoForwardOneMinorAtATime) {
    EXPECT_THAT(told(healthy(), "v1.30.4"), ElementsAre("blocker: that is no newer version (v1.30.4 → v1.30.4)"));
    EXPECT_THAT(told(healthy(), "v1.29.9"),
                ElementsAre("blocker: that is no newer version (v1.30.4 → v1.29.9)",
                            "blocker: kubelets are newer than that control plane (n1 v1.30.4)"));
    EXPECT_THAT(
        told(healthy(), "v1.32.0"),
        ElementsAre("blocker: a minor version is skipped: control planes go one at a time (v1.30.4 → v1.32.0)"));
}

TEST(Preflight, NodesThatAreNotReadyCordonedOrTooOld) {
    auto facts = healthy();
    facts.nodes = R"({"items":[
        {"metadata":{"name":"down"},"status":{"nodeInfo":{"kubeletVersion":"v1.30.4"},"conditions":[{"type":"Ready","status":"Unknown"}]}},
        {"metadata":{"name":"old"},"spec":{"unschedulable":true},"status":{"nodeInfo":{"kubeletVersion":"v1.27.1"},"conditions":[{"type":"Ready","status":"True"}]}}]})";
    EXPECT_THAT(told(facts), ElementsAre("blocker: nodes are not ready (down)",
                                         "blocker: kubelets are too old for that control plane (old v1.27.1)",
                                         "warning: nodes are cordoned (old)"));
}

TEST(Preflight, BackupsThatAreMissingOrOld) {
    auto facts = healthy();
    facts.lastBackup = now - 25h;
    EXPECT_THAT(told(facts),
                ElementsAre("warning: the last backup is more than a day old (2026-11-24T09:00:00Z nightly)"));
    facts.lastBackup.reset();
    facts.backups = {"nightly: no room"};
    EXPECT_THAT(told(facts), ElementsAre("warning: there is no good backup of the whole cluster (nightly: no room)"));
    facts.backups.clear();
    EXPECT_THAT(told(facts), ElementsAre("warning: no backup of the whole cluster is configured (docs/backup.md)"));
}

TEST(Preflight, BudgetsThatLetNoPodGo) {
    auto facts = healthy();
    facts.budgets = R"({"items":[
        {"metadata":{"namespace":"shop","name":"web"},"status":{"expectedPods":2,"disruptionsAllowed":0}},
        {"metadata":{"namespace":"shop","name":"empty"},"status":{"expectedPods":0,"disruptionsAllowed":0}},
        {"metadata":{"namespace":"shop","name":"easy"},"status":{"expectedPods":3,"disruptionsAllowed":1}}]})";
    EXPECT_THAT(told(facts),
                ElementsAre("blocker: disruption budgets let no Pod go: their nodes would not drain (shop/web)"));
}

TEST(Preflight, WebhooksWithNothingReadyBehindThem) {
    auto facts = healthy();
    facts.services.emplace("guard/gate", std::string(none));
    facts.services.emplace(
        "guard/fine",
        std::string(R"({"items":[{"endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}}]}]})"));
    EXPECT_THAT(
        told(facts),
        ElementsAre("blocker: webhooks that refuse what they do not see have nothing ready behind them (guard/gate)"));
}

TEST(Preflight, RemovedApisThatAreAskedForOrWrittenWith) {
    auto facts = healthy();
    facts.version = "v1.31.2";
    facts.metrics =
        "apiserver_requested_deprecated_apis{group=\"flowcontrol.apiserver.k8s.io\",removed_release=\"1.32\",resource="
        "\"flowschemas\",subresource=\"\",version=\"v1beta3\"} 1\n"
        "apiserver_requested_deprecated_apis{group=\"\",removed_release=\"\",resource=\"componentstatuses\",version="
        "\"v1\"} 1\n";
    facts.stored.emplace("flowschemas", std::string(R"({"items":[{"metadata":{"name":"mine","managedFields":[
        {"manager":"helm","apiVersion":"flowcontrol.apiserver.k8s.io/v1beta3"}]}}]})"));
    EXPECT_THAT(told(facts, "v1.32.0"),
                ElementsAre("blocker: somebody asks for APIs that are removed "
                            "(flowschemas.v1beta3.flowcontrol.apiserver.k8s.io (gone in v1.32))",
                            "blocker: objects are written with a version of the API that is removed (flowschemas "
                            "flowcontrol.apiserver.k8s.io/v1beta3 (gone in v1.32): mine by helm)",
                            "warning: somebody asks for deprecated APIs (componentstatuses.v1)"));
    facts.version = "v1.30.2";
    EXPECT_THAT(
        told(facts, "v1.31.0"),
        ElementsAre("warning: somebody asks for deprecated APIs "
                    "(flowschemas.v1beta3.flowcontrol.apiserver.k8s.io (gone in v1.32), componentstatuses.v1)"));
}

TEST(Preflight, CertificateThatEndsSoon) {
    auto facts = healthy();
    facts.certificateEnds = now + 20 * 24h;
    EXPECT_THAT(told(facts), ElementsAre("warning: the API server's certificate ends soon (2026-12-15T10:00:00Z)"));
    facts.certificateEnds = now + 2h;
    EXPECT_TRUE(blocks(preflight(facts, *parseKubernetesVersion("v1.31.0"), now)));
}

TEST(Preflight, CustomResourcesStoredInAVersionThatIsNotServed) {
    auto facts = healthy();
    facts.definitions =
        R"({"items":[{"metadata":{"name":"widgets.shop.io"},"spec":{"versions":[{"name":"v1","served":true},
        {"name":"v1alpha1","served":false}]},"status":{"storedVersions":["v1alpha1","v1"]}}]})";
    EXPECT_THAT(
        told(facts),
        ElementsAre("warning: custom resources are stored in versions that are not served (widgets.shop.io v1alpha1)"));
}

TEST(Preflight, WhatCannotBeLookedAtIsUnknownAndNotFine) {
    auto facts = healthy();
    facts.nodes = fail(ErrorCode::PermissionDenied, "nodes are not for you");
    facts.metrics = fail(ErrorCode::NotFound, "404");
    facts.budgets = std::string("<html>");
    EXPECT_THAT(told(facts), ElementsAre("unknown: nodes could not be looked at (nodes are not for you)",
                                         "unknown: disruption budgets could not be looked at (the answer is no JSON)",
                                         "unknown: whether removed APIs are asked for is not known (404)"));
}

TEST(KubernetesVersion, IsReadWithItsSuffixAndComparedWithout) {
    EXPECT_EQ(parseKubernetesVersion("v1.31.2+k3s1")->text(), "v1.31.2+k3s1");
    EXPECT_EQ(parseKubernetesVersion("1.31.2")->text(), "v1.31.2");
    EXPECT_TRUE(*parseKubernetesVersion("v1.9.11") < *parseKubernetesVersion("v1.10.0"));
    for (const char* odd : {"", "v1", "v1.31", "1.31.x", "v1.31.2;rm", "v1.31.2 ", "latest", "v-1.2.3", "v1.31.2beta",
                            "v99999999999.1.1"})
        EXPECT_FALSE(parseKubernetesVersion(odd)) << odd;
}

}  // namespace
}  // namespace klaw::operate
