#include "agent/app/remediation.hpp"

#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A stuck rollout of shop/web in prod, which is restarted once nobody has taken it for a minute.
class RemediationTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        control.alert.rule = "DeploymentRolloutStuck";
        control.alert.cluster = "prod";
        control.alert.owner = {"prod", "deployments.apps", "Deployment", "shop", "web", "u-web"};
        control.alert.firing = 1;
        control.alert.openedAt = start;
        config.remedies = {{"DeploymentRolloutStuck", "restart", 1min, {"prod"}, {"shop"}}};
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("remediation", remediation.stop());
        EXPECT_TRUE(loop.runUntil([&] { return end.empty(); }));
        CommandDeskTest::TearDown();
    }
    void begin() {
        std::vector<access::Role> roles;
        std::vector<access::Binding> bindings;
        Remediation::addAccess(config, roles, bindings);
        gate.setPolicy(access::Policy(std::move(bindings), std::move(roles)));
        remediation.follow(config, "en");
        loop.poll();
    }
    void wait(int seconds) {
        for (int i = 0; i < seconds; i += 5) {
            clock.advance(5s);
            awaitStorage();
        }
    }
    std::vector<std::string> done() const {
        std::vector<std::string> all;
        for (const auto& unit : units)
            for (const auto& entry : unit.audit)
                if (entry.actor == Remediation::identity) all.push_back(entry.action + " " + entry.decision);
        return all;
    }
    void earlier(std::vector<std::string> decisions) {
        control.onAudit = [decisions](const storage::AuditFilter&) {
            std::vector<storage::AuditRow> rows;
            for (const auto& decision : decisions) {
                rows.emplace_back();
                rows.back().entry = {start - 10min, std::string(Remediation::identity), "restart", decision, "", "{}"};
            }
            return rows;
        };
    }

    RemediationConfig config;
    Remediation remediation{loop, clock, control, desk, flush};
};

TEST_F(RemediationTest, ActsOnceWhenNobodyHasTakenTheAlertInTime) {
    begin();
    wait(55);
    EXPECT_THAT(control.changes, IsEmpty());
    wait(60);
    ASSERT_THAT(control.changes, SizeIs(2)) << "a trial, and the change";
    EXPECT_FALSE(control.changes[1].dryRun());
    EXPECT_THAT(control.changes[1].request.body, HasSubstr("restartedAt"));
    EXPECT_EQ(done()[0], "restart previewed");
    EXPECT_EQ(done()[1], "restart allowed");
}

TEST_F(RemediationTest, LeavesAloneWhatPeopleHaveTakenOrDoneSomethingAbout) {
    control.alert.acknowledged = rules::Mark{"Li", start, {}};
    begin();
    wait(120);
    control.alert.acknowledged.reset();
    control.alert.actions = {rules::Action{"1", {"Li", start, {}}, "restart", rules::Action::State::Failed, {}}};
    wait(60);
    control.alert.actions.clear();
    control.alert.silenced = rules::Mark{"Li", start, {}};
    wait(60);
    EXPECT_THAT(control.changes, IsEmpty());
}

TEST_F(RemediationTest, DoesNothingElsewhere) {
    config.remedies[0].namespaces = {"other"};
    begin();
    wait(120);
    EXPECT_THAT(control.changes, IsEmpty());
    EXPECT_THAT(ask("scale deploy/web 3 -n other --yes", std::string(Remediation::identity)).text,
                HasSubstr("has no role that allows \"scale\""));
}

TEST_F(RemediationTest, StaysWithinItsBudget) {
    earlier({"allowed", "allowed", "allowed", "allowed", "allowed"});
    begin();
    wait(120);
    EXPECT_THAT(control.changes, IsEmpty());
    EXPECT_THAT(done(), ElementsAre("restart limited")) << "told once";
}

TEST_F(RemediationTest, EachAlertWhoseTurnDoesNotComeIsRecordedOnce) {
    control.further = {control.alert};
    control.further[0].id = "other";
    control.further[0].owner.name = "api";
    earlier({"allowed", "allowed", "allowed", "allowed", "allowed"});
    begin();
    wait(120);
    EXPECT_THAT(control.changes, IsEmpty());
    EXPECT_THAT(done(), ElementsAre("restart limited", "restart limited"));
    std::vector<std::string> targets;
    for (const auto& unit : units)
        for (const auto& entry : unit.audit) targets.push_back(entry.target);
    EXPECT_THAT(targets, ElementsAre("prod/shop/Deployment/web", "prod/shop/Deployment/api"));
}

TEST_F(RemediationTest, AnAlertThatOpensAgainHasItsTurnAgain) {
    earlier({"allowed", "allowed", "allowed", "allowed", "allowed"});
    begin();
    wait(90);
    EXPECT_THAT(done(), SizeIs(1));
    auto open = control.alert;
    control.alert.id.clear();
    wait(10);
    control.alert = open;
    wait(10);
    EXPECT_THAT(done(), ElementsAre("restart limited", "restart limited"));
}

TEST_F(RemediationTest, StopsAfterFailuresInARow) {
    earlier({"failed", "refused", "failed"});
    begin();
    wait(120);
    EXPECT_THAT(control.changes, IsEmpty());
    EXPECT_THAT(unitOf("limited").audit.back().detail, HasSubstr("the last 3 remedies failed"));
    wait(3600);
    EXPECT_THAT(control.changes, SizeIs(2)) << "an hour after the last one";
}

TEST_F(RemediationTest, ASuccessBetweenFailuresCounts) {
    earlier({"failed", "failed", "completed", "failed"});
    begin();
    wait(120);
    EXPECT_THAT(control.changes, SizeIs(2));
}

TEST_F(RemediationTest, WhatNeedsAnApprovalWaitsForIt) {
    access::ApprovalRule rule;
    rule.verbs = {"restart"};
    gate.setApprovalRules({rule});
    begin();
    wait(120);
    ASSERT_THAT(control.changes, SizeIs(1));
    EXPECT_TRUE(control.changes[0].dryRun());
    EXPECT_THAT(approvals.book().all(), SizeIs(1));
}

}  // namespace
}  // namespace klaw::app
