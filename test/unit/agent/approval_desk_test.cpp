#include "agent/app/approval_desk.hpp"

#include "agent/app/config.hpp"
#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// Scaling to nothing needs a second person. Li asks, Han may approve, Ana may only read.
class ApprovalDeskTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li", "dingtalk:li"}, {}, "operator", {}, {}},
                                       {"Han", {"feishu:ou_han"}, {}, "operator", {}, {}},
                                       {"Mei", {"feishu:ou_mei"}, {}, "admin", {}, {}},
                                       {"Ana", {"feishu:ou_ana"}, {}, "viewer", {}, {}}}));
        access::ApprovalRule rule;
        rule.verbs = {"scale"};
        rule.replicas = 0;
        gate.setApprovalRules({rule});
    }
    /// The id of what waits now.
    std::string asked(const std::string& command = "scale deploy/web 0 -n shop --expect u-web@4 --yes") {
        auto said = ask(command);
        EXPECT_THAT(said.text, HasSubstr("Waits for approval"));
        return said.decisions.empty() ? std::string() : said.decisions.front().second.substr(8);
    }
    std::vector<FakeControl::Change> made() const {
        std::vector<FakeControl::Change> all;
        for (const auto& change : control.changes)
            if (!change.dryRun()) all.push_back(change);
        return all;
    }
    /// "actor decision", oldest first.
    std::vector<std::string> audited() {
        auto rows = reader().audit({.oldestFirst = true});
        std::vector<std::string> all;
        for (const auto& row : *rows) all.push_back(row.entry.actor + " " + row.entry.decision);
        return all;
    }
    access::ApprovalBook::Meta meta() {
        awaitStorage();
        auto database = storage::Database::open(file);
        return storage::loadState(*database, {})->meta;
    }
};

TEST_F(ApprovalDeskTest, AChangeThatNeedsASecondPersonWaitsForThem) {
    auto said = ask("scale deploy/web 0 -n shop --expect u-web@4 --yes");
    EXPECT_TRUE(said.ok);
    EXPECT_THAT(said.text, AllOf(HasSubstr("Waits for approval: scale Deployment shop/web from 2 to 0 replicas"),
                                 HasSubstr("another person who may do it, until")));
    EXPECT_THAT(made(), IsEmpty());
    EXPECT_THAT(audited(), ElementsAre("feishu:ou_li needs_approval"));
    EXPECT_THAT(ask("approvals").text, HasSubstr("scale Deployment shop/web from 2 to 0 replicas"));
}

TEST_F(ApprovalDeskTest, AnotherChangeOfTheSameVerbNeedsNone) {
    EXPECT_TRUE(ask("scale deploy/web 3 -n shop --expect u-web@4 --yes").ok);
    EXPECT_THAT(made(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, ThePreviewSaysThatItMustBeApproved) {
    EXPECT_THAT(ask("scale deploy/web 0 -n shop").text,
                HasSubstr("Note: it must be approved by another person who may do it"));
}

TEST_F(ApprovalDeskTest, WhoAskedCannotApproveByAnyOfTheirAccounts) {
    auto id = asked();
    for (const auto* who : {"feishu:ou_li", "dingtalk:li"}) {
        auto said = ask("approve " + id, who);
        EXPECT_THAT(said.text, HasSubstr("nobody approves what they have asked for themselves"));
    }
    EXPECT_THAT(made(), IsEmpty());
    EXPECT_THAT(audited(), ElementsAre("feishu:ou_li needs_approval", "feishu:ou_li denied", "dingtalk:li denied"));
}

TEST_F(ApprovalDeskTest, HoldersOfTheSameTokenAreNotTwoPeople) {
    auto said = ask("scale deploy/web 0 -n shop --expect u-web@4 --yes", "local:root");
    ASSERT_THAT(said.decisions, SizeIs(2));
    EXPECT_THAT(ask(said.decisions[0].second, "local:other").text, HasSubstr("nobody approves"));
    EXPECT_TRUE(ask(said.decisions[0].second, "feishu:ou_han").ok);
}

TEST_F(ApprovalDeskTest, OnceApprovedItIsDoneForWhoeverAskedAndBothAreInTheLog) {
    auto id = asked();
    auto said = ask("approve " + id + " --comment 'as agreed'", "feishu:ou_han");
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_THAT(said.text, HasSubstr("Done: scale Deployment shop/web from 2 to 0 replicas (asked for by Li, approved "
                                     "by Han)"));
    ASSERT_THAT(made(), SizeIs(1));
    EXPECT_THAT(audited(), ElementsAre("feishu:ou_li needs_approval", "feishu:ou_han approved", "feishu:ou_li allowed",
                                       "feishu:ou_li done"));
    auto allowed = unitOf("allowed");
    ASSERT_THAT(allowed.audit, SizeIs(2)) << "the approval is stored with what it permits";
    EXPECT_THAT(allowed.audit[0].detail, AllOf(HasSubstr("as agreed"), HasSubstr("\"askedBy\":\"feishu:ou_li\"")));
    EXPECT_THAT(allowed.audit[1].detail, HasSubstr("\"approvedBy\":\"feishu:ou_han\""));
    EXPECT_THAT(ask("approve " + id, "feishu:ou_mei").text, HasSubstr("approved by Han at 2026-11-25T10:00:00Z"));
    EXPECT_THAT(made(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, WhoMayNotDoItMayNotApproveIt) {
    auto id = asked();
    EXPECT_THAT(ask("approve " + id, "feishu:ou_ana").text, HasSubstr("has no role that allows \"scale\""));
    EXPECT_THAT(ask("refuse " + id, "feishu:ou_stranger").text, HasSubstr("has no role"));
    EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ApprovalDeskTest, ARuleSaysWhoApproves) {
    access::ApprovalRule rule;
    rule.verbs = {"workloads"};
    rule.roles = {"admin"};
    gate.setApprovalRules({rule});
    auto id = asked();
    EXPECT_THAT(ask("approve " + id, "feishu:ou_han").text, HasSubstr("none of those who may approve this: the role "
                                                                      "admin"));
    EXPECT_TRUE(ask("approve " + id, "feishu:ou_mei").ok);
}

TEST_F(ApprovalDeskTest, PeopleOfARuleApproveByName) {
    access::ApprovalRule rule;
    rule.verbs = {"scale"};
    rule.people = {"Han"};
    gate.setApprovalRules({rule});
    auto id = asked();
    EXPECT_THAT(ask("approve " + id, "feishu:ou_mei").text, HasSubstr("none of those"));
    EXPECT_TRUE(ask("approve " + id, "feishu:ou_han").ok);
}

TEST_F(ApprovalDeskTest, AnObjectThatWasChangedMeanwhileIsLeftAlone) {
    auto id = asked();
    control.objects[webPath] = deployment(4, 5);
    auto said = ask("approve " + id, "feishu:ou_han");
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, AllOf(HasSubstr("approved by Han"), HasSubstr("but not done"),
                                 HasSubstr("Deployment shop/web was changed since")));
    EXPECT_THAT(made(), IsEmpty());
    EXPECT_THAT(ask("approve " + id, "feishu:ou_han").text, HasSubstr("but not done")) << "it is over";
}

TEST_F(ApprovalDeskTest, WhoeverAskedMustStillBeAllowed) {
    auto id = asked();
    gate.setPolicy(access::Policy({{"Han", {"feishu:ou_han"}, {}, "operator", {}, {}}}));
    EXPECT_THAT(ask("approve " + id, "feishu:ou_han").text, HasSubstr("feishu:ou_li has no role"));
    EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ApprovalDeskTest, WhatIsRefusedIsNotDoneAndSaysByWhom) {
    auto id = asked();
    EXPECT_THAT(ask("refuse " + id, "feishu:ou_han").text, HasSubstr("refused by Han at"));
    EXPECT_THAT(ask("approve " + id, "feishu:ou_mei").text, HasSubstr("refused by Han at"));
    EXPECT_THAT(made(), IsEmpty());
    EXPECT_THAT(audited(), ElementsAre("feishu:ou_li needs_approval", "feishu:ou_han disapproved"));
}

TEST_F(ApprovalDeskTest, WhoeverAskedMayTakeItBack) {
    auto id = asked();
    EXPECT_THAT(ask("refuse " + id).text, HasSubstr("taken back by Li"));
    EXPECT_THAT(ask("approvals").text, HasSubstr("Nothing waits for approval"));
    EXPECT_THAT(ask("approvals --all").text, HasSubstr("withdrawn Li"));
}

TEST_F(ApprovalDeskTest, NobodyDecidesInTimeAndItIsOver) {
    auto id = asked();
    clock.advance(30min);
    ASSERT_TRUE(loop.runUntil([&] { return approvals.book().find(id)->state == access::Approval::State::Expired; }));
    EXPECT_THAT(ask("approve " + id, "feishu:ou_han").text, HasSubstr("expired at 2026-11-25T10:30:00Z"));
    EXPECT_THAT(made(), IsEmpty());
    EXPECT_THAT(audited(), ElementsAre("feishu:ou_li needs_approval", "klaw expired"));
}

TEST_F(ApprovalDeskTest, ItWaitsOverARestart) {
    auto id = asked();
    FakeControl later{clock};
    later.objects[webPath] = deployment(2, 4);
    ChangeDesk changesLater{loop,
                            clock,
                            random,
                            later,
                            gate,
                            flush,
                            [](const std::string&, const rules::Action&) {},
                            [](const std::string&, const Answered&) {}};
    ApprovalDesk next{loop,        clock, random, later, gate, flush, [](const std::string&, const Answered&) {},
                      changesLater};
    later.waiting = &next.book();
    next.resume(meta());
    CommandDesk deskLater{loop, clock, random, later, file, commit, flush, gate, changesLater};
    deskLater.setApprovals(next);
    std::optional<Answered> answer;
    auto approving = [&]() -> Task<void> {
        Asked approval;
        approval.caller.identity = "feishu:ou_han";
        approval.caller.name = "Han";
        approval.command = "approve " + id;
        answer = co_await deskLater.execute(std::move(approval));
    };
    tasks.spawn("approve", approving());
    ASSERT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
    EXPECT_TRUE(answer->ok) << answer->text;
    EXPECT_THAT(later.changes, SizeIs(1));
    EXPECT_EQ(access::Approval::State::Approved, next.book().find(id)->state);
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("approvals", next.stop());
    end.spawn("changes", changesLater.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(ApprovalDeskTest, OfTwoPeopleWhoApproveAtOnceOneActsAndTheOtherSeesWho) {
    auto id = asked();
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(1s);
        co_return deployment(0, 5).dump();
    };
    std::optional<Answered> first, second;
    tasks.spawn("first", asking("approve " + id, "feishu:ou_han", first));
    tasks.spawn("second", asking("approve " + id, "feishu:ou_mei", second));
    ASSERT_TRUE(loop.runUntil([&] { return second.has_value(); }));
    EXPECT_FALSE(first) << "it is being done";
    EXPECT_THAT(second->text, HasSubstr("it is being decided right now by Han"));
    ASSERT_TRUE(loop.runUntil([&] { return !made().empty(); }));
    clock.advance(1s);
    ASSERT_TRUE(loop.runUntil([&] { return first.has_value(); }));
    EXPECT_TRUE(first->ok);
    EXPECT_THAT(made(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, OfTwoPressesOfOneButtonAtOnceOneActsAndTheOtherSeesWho) {
    auto nonce = offered("approve", "approve " + asked());
    std::optional<Answered> first, second;
    tasks.spawn("first", pressing(nonce, "feishu:ou_han", "", first));
    tasks.spawn("second", pressing(nonce, "feishu:ou_mei", "", second));
    ASSERT_TRUE(loop.runUntil([&] { return first && second; }));
    EXPECT_TRUE(first->ok) << first->text;
    EXPECT_THAT(second->text, HasSubstr("already used by Han"));
    EXPECT_THAT(made(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, APressThatComesAgainActsOnce) {
    auto id = asked();
    auto nonce = offered("approve", "approve " + id);
    EXPECT_THAT(press(nonce, "feishu:ou_li").text, HasSubstr("nobody approves")) << "it stays there for others";
    auto first = press(nonce, "feishu:ou_han"), again = press(nonce, "feishu:ou_han");
    EXPECT_TRUE(first.ok) << first.text;
    EXPECT_EQ(again.text, first.text);
    EXPECT_THAT(made(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, TheSameConfirmationTwiceIsOneRequest) {
    EXPECT_EQ(asked(), asked());
    EXPECT_THAT(approvals.book().all(), SizeIs(1));
}

TEST_F(ApprovalDeskTest, TheChatShowsItWithButtonsAndThenWhoDecided) {
    chat.message(message("om_m", "scale deploy/web 0 -n shop --yes"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    auto card = notifiers::cardFromJson(deliveries.front().payload);
    ASSERT_TRUE(card);
    ASSERT_THAT(card->buttons, SizeIs(2));
    EXPECT_EQ(card->buttons[0].label, "Approve");
    EXPECT_EQ(card->buttons[1].label, "Refuse");
    EXPECT_TRUE(deliveries.front().livingCard);
    EXPECT_THAT(unitOf("needs_approval").newDeliveries, SizeIs(1)) << "stored with the request";
    EXPECT_THAT(unitOf("needs_approval").inbound, SizeIs(2)) << "the message does it once";
    awaitStorage();
    deliveries.clear();
    auto refused = ask(card->buttons[1].command, "feishu:ou_han");
    EXPECT_TRUE(refused.ok) << refused.text;
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_EQ(deliveries.front().incidentId, card->id);
    EXPECT_THAT(deliveries.front().payload, AllOf(HasSubstr("refused by Han at"), Not(HasSubstr("Approve"))));
}

TEST_F(ApprovalDeskTest, NobodyFloodsThoseWhoDecide) {
    for (int i = 0; i < 20; ++i) {
        control.objects[webPath] = deployment(2, 10 + i);
        ask("scale deploy/web 0 -n shop --yes");
    }
    EXPECT_THAT(approvals.book().all(), SizeIs(20));
    control.objects[webPath] = deployment(2, 40);
    EXPECT_THAT(ask("scale deploy/web 0 -n shop --yes").text, HasSubstr("too much of yours waits for approval"));
}

TEST_F(ApprovalDeskTest, TheRulesOfTheDocumentationAreAboutNamespacesAndRolesToo) {
    auto report = parseConfig("klaw.yaml", R"(
access: [{name: 韩梅梅, feishu: ou_han, role: operator}]
approvals:
  - {verbs: [drain, delete], clusters: [prod-*], approvers: {roles: [admin], people: [韩梅梅]}, expires: 30m}
  - {verbs: [apply], clusters: [prod-*]}
  - {verbs: [workloads], clusters: [prod-*], when: {replicas: 0}})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    gate.setApprovalRules(report.config.approvals);
    control.clusterLabels = {{"prod-1", {}}};
    control.objects["/api/v1/namespaces/shop"] = {
        {"kind", "Namespace"}, {"metadata", {{"name", "shop"}, {"uid", "u-shop"}, {"resourceVersion", "7"}}}};
    control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
        co_return change.request.body;
    };
    auto said = ask("delete namespace/shop --confirm shop --yes", "feishu:ou_mei");
    ASSERT_THAT(said.decisions, SizeIs(2)) << said.text;
    auto parts = approvals.book().find(said.decisions[0].second.substr(8))->parts;
    ASSERT_THAT(parts, SizeIs(1));
    EXPECT_EQ(parts[0].verb, "delete namespaces") << "as it is judged";
    EXPECT_THAT(ask(said.decisions[0].second, "feishu:ou_han").text,
                HasSubstr("has no role that allows \"delete namespaces\""));
    auto access =
        ask("apply -n shop --yes\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: me}\n",
            "feishu:ou_mei");
    EXPECT_THAT(access.text, HasSubstr("Waits for approval"));
    EXPECT_THAT(made(), IsEmpty());
}

constexpr auto mapsOfTwoNamespaces =
    "apply --yes\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: bank}\n";

TEST_F(ApprovalDeskTest, WhoApprovesSeveralObjectsMustBeAllowedEachOfThem) {
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}},
                                   {"Han", {"feishu:ou_han"}, {}, "operator", {}, {}},
                                   {"Mei", {"feishu:ou_mei"}, {}, "admin", {}, {}},
                                   {"Bo", {"feishu:ou_bo"}, {}, "operator", {}, {"shop"}}}));
    access::ApprovalRule rule;
    rule.verbs = {"apply"};
    rule.namespaces = {"bank"};
    rule.people = {"Mei"};
    gate.setApprovalRules({rule});
    control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
        co_return change.request.body;
    };
    auto id = asked(mapsOfTwoNamespaces);
    EXPECT_THAT(ask("approve " + id, "feishu:ou_han").text, HasSubstr("none of those who may approve this: Mei"));
    EXPECT_THAT(ask("approve " + id, "feishu:ou_bo").text, HasSubstr("in namespace bank"));
    EXPECT_THAT(made(), IsEmpty());
    auto said = ask("approve " + id, "feishu:ou_mei");
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_THAT(made(), SizeIs(2));
    auto rows = reader().audit({.oldestFirst = true});
    std::size_t ofParts = 0;
    for (const auto& row : *rows) {
        if (row.entry.target.find("ConfigMap") == std::string::npos || row.entry.decision == "previewed") continue;
        ++ofParts;
        EXPECT_THAT(row.entry.detail, AllOf(HasSubstr("\"approval\":\"" + id), HasSubstr("\"approvedBy\"")));
    }
    EXPECT_EQ(ofParts, 4u) << "allowed and done, of each";
}

TEST_F(ApprovalDeskTest, WhatIsHiddenIsKeptAsLongAsItsApprovalIsWaitedFor) {
    access::ApprovalRule rule;
    rule.verbs = {"apply"};
    rule.expires = 2h;
    gate.setApprovalRules({rule});
    control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
        co_return change.request.body;
    };
    auto id = asked(mapsOfTwoNamespaces);
    clock.advance(119min);
    auto said = ask("approve " + id, "feishu:ou_han");
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_THAT(made(), SizeIs(2));
}

TEST_F(ApprovalDeskTest, ItIsDoneInTheClusterThatItWasAskedFor) {
    auto id = asked();
    EXPECT_THAT(approvals.book().find(id)->command, HasSubstr("--cluster prod"));
    control.clusterLabels["another"] = {};
    auto said = ask("approve " + id, "feishu:ou_han");
    EXPECT_TRUE(said.ok) << said.text;
}

TEST_F(ApprovalDeskTest, WhatWasApprovedForAnotherClusterIsNotDone) {
    std::optional<Answered> answer;
    auto doing = [&]() -> Task<void> {
        Asked again;
        again.caller.identity = "feishu:ou_li";
        again.command = "scale deploy/web 0 -n shop";
        again.approved = Approved{"12ab", "feishu:ou_han", "Han", "elsewhere"};
        auto line = operate::parseCommandLine("scale deploy/web 0 -n shop --expect u-web@4 --yes");
        answer = co_await changes.handle(*operate::findVerb("scale"), *line, std::move(again));
    };
    tasks.spawn("do", doing());
    ASSERT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
    EXPECT_THAT(answer->text, HasSubstr("approved for the cluster elsewhere, not for prod"));
    EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ApprovalDeskTest, AnApprovedDrainThatIsRefusedInTheEndIsOver) {
    access::ApprovalRule rule;
    rule.verbs = {"drain"};
    gate.setApprovalRules({rule});
    control.objects[nodePath] = node(false);
    nlohmann::json pod{{"metadata", {{"name", "web-1"}, {"namespace", "shop"}, {"uid", "u-web-1"}}}};
    pod["metadata"]["ownerReferences"] =
        nlohmann::json::array({{{"kind", "ReplicaSet"}, {"name", "web"}, {"controller", true}}});
    control.objects["/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1"] = {{"items", {pod}}};
    control.objects["/apis/policy/v1/poddisruptionbudgets"] = {{"items", nlohmann::json::array()}};
    auto said = ask("drain node-1 --yes", "feishu:ou_mei");
    ASSERT_THAT(said.decisions, SizeIs(2)) << said.text;
    gate.setPolicy(access::Policy(
        {{"Mei", {"feishu:ou_mei"}, {}, "admin", {}, {}}, {"Han", {"feishu:ou_han"}, {}, "admin", {}, {}}}));
    control.onAsk = [this](const std::string& path) -> Result<std::string> {
        access::Limit frozen;
        frozen.changesPerCluster = 0;
        // The last question before the permit.
        if (path == "/apis/policy/v1/namespaces/shop/poddisruptionbudgets") gate.setLimits({frozen});
        auto found = control.objects.find(path);
        if (found == control.objects.end()) return fail(ErrorCode::NotFound, "404");
        return found->second.dump();
    };
    auto approved = ask(said.decisions[0].second, "feishu:ou_han");
    EXPECT_FALSE(approved.ok);
    EXPECT_THAT(approved.text, AllOf(HasSubstr("approved by Han"), HasSubstr("but not done")));
    EXPECT_EQ(approvals.book().find(said.decisions[0].second.substr(8))->state, access::Approval::State::Failed);
    EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ApprovalDeskTest, NoPermitWithoutTheSecondPerson) {
    access::Request request{
        "feishu:ou_li", "", "scale", "workloads", access::Place{"prod", "shop", "deployments", "web"}, {}, 0};
    std::optional<Result<access::Permit>> permit;
    auto asking = [&](access::Request wanted) -> Task<void> {
        storage::UnitOfWork unit;
        unit.audit.push_back({clock.now(), wanted.identity, "scale", "", "prod/shop/Deployment/web", "{}"});
        permit = co_await gate.permit(std::move(wanted), access::Permit::Extent::Change, "digest", std::move(unit));
    };
    for (const auto* approver : {"", "feishu:ou_li", "dingtalk:li"}) {
        permit.reset();
        request.approvedBy = approver;
        tasks.spawn("ask", asking(request));
        ASSERT_TRUE(loop.runUntil([&] { return permit.has_value(); }));
        ASSERT_FALSE(*permit) << approver;
        EXPECT_EQ(permit->error().message, "this needs the approval of another person");
    }
}

}  // namespace
}  // namespace klaw::app
