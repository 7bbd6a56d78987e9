#include "agent/app/mcp_desk.hpp"

#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using mcp::Json;
using mcp::Outcome;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// Programs for Li, who is an operator, and for Zhao, who may only look; and one that Li's configuration lets read.
class McpDeskTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}},
                                       {"Han", {"feishu:ou_han"}, {}, "operator", {}, {}},
                                       {"Zhao", {"feishu:ou_zhao"}, {}, "viewer", {}, {}}}));
        McpConfig config;
        config.principals = {{"for-li", "token-of-li-0000", "feishu:ou_li", true, "ops"},
                             {"for-zhao", "token-of-zhao-00", "feishu:ou_zhao", true, "ops"},
                             {"reader", "token-of-reader0", "feishu:ou_li", false, {}}};
        programs.follow(config, "en");
    }

    mcp::Principal principal(const std::string& token, const std::string& header = {}, const std::string& value = {}) {
        auto found = identify(token, header, value);
        EXPECT_TRUE(found) << token;
        return found.value_or(mcp::Principal());
    }
    std::optional<mcp::Principal> identify(const std::string& token, const std::string& header = {},
                                           const std::string& value = {}) {
        net::ServerRequest request;
        request.headers.add("Authorization", "Bearer " + token);
        request.headers.add("User-Agent", "a test 1.0");
        if (!header.empty()) request.headers.add(header, value);
        return programs.identify(request, "token-of-agent00");
    }
    Outcome call(const mcp::Principal& by, std::string_view tool, Json arguments) {
        std::optional<Outcome> outcome;
        tasks.spawn("call", calling(by, *mcp::findTool(tool), std::move(arguments), outcome));
        EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
        return outcome.value_or(Outcome());
    }
    std::vector<std::string> toolsOf(const mcp::Principal& by) {
        std::optional<mcp::Rights> rights;
        tasks.spawn("rights", asking(by, rights));
        EXPECT_TRUE(loop.runUntil([&] { return rights.has_value(); }));
        std::vector<std::string> names;
        for (const auto* tool : rights->tools) names.emplace_back(tool->name);
        return names;
    }
    Outcome planRestart(const mcp::Principal& by) {
        return call(by, "change_plan",
                    Json{{"verb", "restart"}, {"arguments", {"deployment/web"}}, {"namespace", "shop"}});
    }
    /// What the principal's program hears of a plan.
    std::string statusOf(const mcp::Principal& by, const std::string& plan) {
        auto outcome = call(by, "change_apply", Json{{"plan", plan}});
        return outcome.ok ? outcome.content["status"].get<std::string>() : "refused: " + outcome.error;
    }
    Task<void> calling(mcp::Principal by, const mcp::Tool& tool, Json arguments, std::optional<Outcome>& into) {
        into = co_await programs.call(std::move(by), tool, std::move(arguments));
    }
    Task<void> asking(mcp::Principal by, std::optional<mcp::Rights>& into) {
        into = co_await programs.rightsOf(std::move(by));
    }
    Task<void> recorded(storage::AuditEntry entry) {
        storage::UnitOfWork unit;
        unit.audit.push_back(std::move(entry));
        co_await flush(std::move(unit));
    }
    static Task<access::Membership> noDepartments(std::string) { co_return access::Membership(); }

    struct Card {
        std::string id;
        Answered shown;
    };
    std::vector<Card> cards;
    Result<void> reachable = {};
    Task<Result<void>> show(std::string card, Answered answered, storage::AuditEntry entry) {
        if (!reachable) co_return reachable;
        storage::UnitOfWork unit;
        unit.audit.push_back(std::move(entry));
        auto stored = co_await flush(std::move(unit));
        if (!stored) co_return fail(std::move(stored).error());
        cards.push_back({std::move(card), std::move(answered)});
        co_return Result<void>();
    }
    McpDesk::People people{
        noDepartments, [this](const McpPrincipalConfig&, std::string card, Answered shown, storage::AuditEntry entry) {
            return show(std::move(card), std::move(shown), std::move(entry));
        }};
    McpDesk programs{clock,
                     random,
                     control,
                     gate,
                     desk,
                     people,
                     [this](storage::AuditEntry entry) { return recorded(std::move(entry)); }};
};

TEST_F(McpDeskTest, TokenSaysWhoAsksAndNothingElseDoes) {
    auto li = principal("token-of-li-0000");
    EXPECT_EQ(li.caller.identity, "feishu:ou_li");
    EXPECT_EQ(li.caller.via, "mcp:for-li");
    EXPECT_EQ(li.caller.claim, "a test 1.0");
    EXPECT_EQ(principal("token-of-li-0000", "Klaw-User", "root").caller.identity, "feishu:ou_li");
    EXPECT_EQ(principal("token-of-zhao-00", "Klaw-Principal", "for-li").caller.identity, "feishu:ou_zhao");
    EXPECT_FALSE(identify("token-of-nobody0"));
    EXPECT_FALSE(identify(""));
}

TEST_F(McpDeskTest, HolderOfTheDataDirectorySpeaksAsTheUserOrForAPrincipal) {
    EXPECT_EQ(principal("token-of-agent00", "Klaw-Principal", "for-zhao").caller.identity, "feishu:ou_zhao");
    EXPECT_FALSE(identify("token-of-agent00", "Klaw-Principal", "nobody"));
    EXPECT_FALSE(identify("token-of-agent00")) << "of three it is not said which";
    McpConfig config;
    config.principals = {{"reader", "token-of-reader0", "feishu:ou_li", false, {}}};
    programs.follow(config, "en");
    EXPECT_EQ(principal("token-of-agent00", "Klaw-User", "alice").caller.identity, "feishu:ou_li") << "the only one";
    programs.follow({}, "en");
    EXPECT_EQ(principal("token-of-agent00", "Klaw-User", "alice").caller.identity, "local:alice");
    EXPECT_FALSE(principal("token-of-agent00").changes);
    EXPECT_TRUE(principal("token-of-agent00", "Klaw-Allow-Changes", "true").changes);
}

TEST_F(McpDeskTest, HeaderTakesChangesAwayAndNeverGivesThem) {
    EXPECT_TRUE(principal("token-of-li-0000").changes);
    EXPECT_FALSE(principal("token-of-li-0000", "Klaw-Allow-Changes", "false").changes);
    EXPECT_FALSE(principal("token-of-reader0", "Klaw-Allow-Changes", "true").changes);
}

TEST_F(McpDeskTest, ToolsAreThoseThatThePersonMayUse) {
    EXPECT_THAT(toolsOf(principal("token-of-li-0000")), Contains("change_apply"));
    EXPECT_THAT(toolsOf(principal("token-of-li-0000")), Not(Contains("audit_list")));
    EXPECT_THAT(toolsOf(principal("token-of-zhao-00")), Contains("logs_get"));
    EXPECT_THAT(toolsOf(principal("token-of-zhao-00")), Not(Contains("change_plan")));
    EXPECT_THAT(toolsOf(principal("token-of-reader0")), Not(Contains("change_plan")));
}

TEST_F(McpDeskTest, RefusalIsThatOfTheChatWithTheSameReasonInTheAuditLog) {
    auto byChat = ask("restart deployment/web -n shop", "feishu:ou_zhao");
    auto chatRow = unitOf("denied").audit.back();
    units.clear();
    auto byProgram = planRestart(principal("token-of-zhao-00"));
    EXPECT_FALSE(byProgram.ok);
    EXPECT_EQ(byProgram.error, byChat.text);
    auto row = unitOf("denied").audit.back();
    auto reason = [](const storage::AuditEntry& entry) {
        return Json::parse(entry.detail)["result"].get<std::string>();
    };
    EXPECT_EQ(reason(row), reason(chatRow));
    EXPECT_EQ(row.actor, chatRow.actor);
    EXPECT_EQ(row.action, chatRow.action);
    EXPECT_THAT(row.detail, HasSubstr(R"("via":"mcp:for-zhao")"));
    EXPECT_THAT(row.detail, HasSubstr(R"("claim":"a test 1.0")"));
}

TEST_F(McpDeskTest, ReadOnlyOnesArePlanningNothing) {
    auto refused = planRestart(principal("token-of-reader0"));
    EXPECT_THAT(refused.error, HasSubstr("read-only"));
    EXPECT_EQ(unitOf("denied").audit.back().action, "change_plan");
    EXPECT_THAT(statusOf(principal("token-of-reader0"), "p-1"), HasSubstr("read-only"));
}

TEST_F(McpDeskTest, ChangeIsMadeByThePressOnTheCardAndToldToTheProgram) {
    auto li = principal("token-of-li-0000");
    auto planned = planRestart(li);
    ASSERT_TRUE(planned.ok) << planned.error;
    auto id = planned.content["plan"].get<std::string>();
    EXPECT_THAT(planned.content["summary"].get<std::string>(), HasSubstr("This would restart"));
    EXPECT_THAT(mcp::onOneLine(planned.content), Not(HasSubstr("--yes")));
    EXPECT_TRUE(cards.empty());

    EXPECT_EQ(statusOf(li, id), "waiting");
    EXPECT_EQ(statusOf(li, id), "waiting");
    ASSERT_EQ(cards.size(), 1u) << "asked for twice, shown once";
    EXPECT_THAT(cards[0].shown.text, HasSubstr("The program \"for-li\" asks for this for Li"));
    EXPECT_EQ(unitOf("allowed").audit.size(), 0u);

    auto nonce = offered("confirm", cards[0].shown.confirm, cards[0].id);
    EXPECT_FALSE(press(nonce, "feishu:ou_zhao").ok);
    EXPECT_EQ(statusOf(li, id), "waiting");
    EXPECT_TRUE(press(nonce, "feishu:ou_han").ok);
    EXPECT_EQ(statusOf(li, id), "done");
    auto made = unitOf("allowed").audit.back();
    EXPECT_EQ(made.actor, "feishu:ou_han");
    EXPECT_THAT(made.detail, HasSubstr("\"via\":\"mcp-" + id + "\""));
    EXPECT_EQ(unitOf("asked").audit.back().actor, "feishu:ou_li");
}

TEST_F(McpDeskTest, PlanIsOfOnePrincipalAndEndsAfterTenMinutes) {
    auto planned = planRestart(principal("token-of-li-0000"));
    ASSERT_TRUE(planned.ok) << planned.error;
    auto id = planned.content["plan"].get<std::string>();
    EXPECT_THAT(statusOf(principal("token-of-zhao-00"), id), HasSubstr("there is no such plan"));
    EXPECT_THAT(statusOf(principal("token-of-li-0000"), "p-guessed"), HasSubstr("there is no such plan"));
    clock.advance(10min);
    EXPECT_THAT(statusOf(principal("token-of-li-0000"), id), HasSubstr("there is no such plan"));
    EXPECT_TRUE(cards.empty());
}

TEST_F(McpDeskTest, PermissionThatWasLostMeanwhileIsMissed) {
    auto planned = planRestart(principal("token-of-li-0000"));
    ASSERT_TRUE(planned.ok) << planned.error;
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "viewer", {}, {}}}));
    EXPECT_THAT(statusOf(principal("token-of-li-0000"), planned.content["plan"]), HasSubstr("has no role"));
    EXPECT_TRUE(cards.empty());
}

TEST_F(McpDeskTest, WithoutSomebodyToAskNothingIsAsked) {
    auto planned = planRestart(principal("token-of-li-0000"));
    ASSERT_TRUE(planned.ok) << planned.error;
    auto id = planned.content["plan"].get<std::string>();
    reachable = fail(ErrorCode::NotFound, "nobody can be asked");
    EXPECT_THAT(statusOf(principal("token-of-li-0000"), id), HasSubstr("nobody can be asked"));
    reachable = {};
    EXPECT_EQ(statusOf(principal("token-of-li-0000"), id), "waiting");
    clock.advance(31min);
    EXPECT_EQ(statusOf(principal("token-of-li-0000"), id), "unknown") << "a press may be under way";
}

TEST_F(McpDeskTest, AlertsAreSilencedByAPressAsWell) {
    auto planned =
        call(principal("token-of-li-0000"), "change_plan", Json{{"verb", "silence"}, {"arguments", {"3f9a", "2h"}}});
    ASSERT_TRUE(planned.ok) << planned.error;
    EXPECT_EQ(statusOf(principal("token-of-li-0000"), planned.content["plan"]), "waiting");
    EXPECT_TRUE(press(offered("confirm", cards.at(0).shown.confirm, cards.at(0).id)).ok);
    EXPECT_EQ(statusOf(principal("token-of-li-0000"), planned.content["plan"]), "done");
}

TEST_F(McpDeskTest, WhatNeedsASecondPersonIsNeitherDoneNorForgotten) {
    access::ApprovalRule rule;
    rule.verbs = {"restart"};
    rule.expires = 2h;
    gate.setApprovalRules({rule});
    auto li = principal("token-of-li-0000");
    struct {
        const char* decision;
        const char* status;
    } table[] = {{"refuse", "failed"}, {"approve", "done"}};
    for (const auto& [decision, status] : table) {
        auto id = planRestart(li).content["plan"].get<std::string>();
        ASSERT_EQ(statusOf(li, id), "waiting");
        auto waiting = press(offered("confirm", cards.back().shown.confirm, cards.back().id), "feishu:ou_li");
        ASSERT_EQ(waiting.decisions.size(), 2u) << waiting.text;
        EXPECT_EQ(statusOf(li, id), "waiting") << "the first press is not the change";
        clock.advance(40min);
        EXPECT_EQ(statusOf(li, id), "waiting") << "the second person has longer than the card";
        auto approval = waiting.decisions.front().second.substr(8);
        auto command = decision + (" " + approval);
        EXPECT_TRUE(press(offered(decision, command, cards.back().id), "feishu:ou_han").ok) << decision;
        EXPECT_EQ(statusOf(li, id), status);
    }
    EXPECT_THAT(unitOf("allowed").audit.back().detail, HasSubstr("\"via\":\"mcp-p-")) << "also by the second person";
}

TEST_F(McpDeskTest, TypedDecisionIsHeardByTheCard) {
    auto li = principal("token-of-li-0000");
    auto id = planRestart(li).content["plan"].get<std::string>();
    ASSERT_EQ(statusOf(li, id), "waiting");
    auto going = Answered::saying("drain node-1");
    going.card = cards.back().id;
    going.became = Became::Goes;
    programs.heard(going);
    EXPECT_EQ(statusOf(li, id), "waiting") << "it goes on";
    auto refused = Answered::refusing("refused by Han");
    refused.card = cards.back().id;
    refused.became = Became::Failed;
    programs.heard(refused);
    EXPECT_EQ(statusOf(li, id), "failed");
}

TEST_F(McpDeskTest, CardOfAWithdrawnProgramIsVoid) {
    auto li = principal("token-of-li-0000");
    auto id = planRestart(li).content["plan"].get<std::string>();
    ASSERT_EQ(statusOf(li, id), "waiting");
    programs.follow({}, "en");
    auto pressed = press(offered("confirm", cards.back().shown.confirm, cards.back().id), "feishu:ou_han");
    EXPECT_THAT(pressed.text, HasSubstr("may not ask for changes any more"));
    EXPECT_TRUE(unitOf("allowed").audit.empty());
}

TEST_F(McpDeskTest, CardNamesWhatWasReadInNoWordsOfTheModel) {
    auto li = principal("token-of-li-0000");
    call(li, "alerts_list", Json{{"namespace", "shop"}, {"grep", "please confirm at once"}});
    call(li, "silences_list", Json::object());
    auto id = planRestart(li).content["plan"].get<std::string>();
    ASSERT_EQ(statusOf(li, id), "waiting");
    EXPECT_THAT(cards.back().shown.text, HasSubstr("read what others wrote: Alerts shop; Silences\n"));
    EXPECT_THAT(cards.back().shown.text, Not(HasSubstr("at once")));
}

TEST_F(McpDeskTest, ProgramsPlanSoManyChangesInAnHour) {
    auto li = principal("token-of-li-0000");
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(planRestart(li).ok) << i;
    EXPECT_THAT(planRestart(li).error, HasSubstr("60 changes in an hour"));
    clock.advance(61min);
    EXPECT_TRUE(planRestart(li).ok);
}

}  // namespace
}  // namespace klaw::app
