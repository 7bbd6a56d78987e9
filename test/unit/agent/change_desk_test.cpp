#include "agent/app/change_desk.hpp"

#include <gmock/gmock.h>

#include "agent/operate/planned_object.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

class ChangeDeskTest : public testing::Test {
protected:
    void SetUp() override {
        control.objects[webPath] = deployment(2, 4);
        control.objects[nodePath] = node(false);
        gate.setPolicy(access::Policy(
            {{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}, {"Bo", {"feishu:ou_bo"}, {}, "admin", {}, {"shop"}}}));
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("end", desk.stop());
        while (!end.empty()) loop.poll();
    }
    void begin(const std::string& command, const std::string& who = "feishu:ou_li") {
        answer.reset();
        tasks.spawn(command, asking(command, who));
        loop.poll();
    }
    Answered ask(const std::string& command, const std::string& who = "feishu:ou_li") {
        begin(command, who);
        for (int seconds = 0; !answer && seconds < 300; ++seconds) clock.advance(1s);
        EXPECT_TRUE(answer) << command;
        return answer.value_or(Answered());
    }
    std::vector<std::string> decisions() const {
        std::vector<std::string> all;
        for (const auto& entry : audit) all.push_back(entry.decision);
        return all;
    }
    std::vector<bool> dryRuns() const {
        std::vector<bool> all;
        for (const auto& change : control.changes) all.push_back(change.dryRun());
        return all;
    }
    json detail(const std::string& decision) const {
        for (const auto& entry : audit)
            if (entry.decision == decision) return json::parse(entry.detail);
        return {};
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    SeededRandom random{7};
    FakeControl control{clock};
    std::vector<storage::AuditEntry> audit;
    std::map<std::string, std::string, std::less<>> meta;
    std::vector<std::pair<std::string, Answered>> told;
    std::optional<Answered> answer;
    ChangeDesk::Flush flush = [this](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
        storage::Committed committed;
        for (const auto& entry : unit.audit) {
            audit.push_back(entry);
            committed.auditSeqs.push_back(static_cast<std::int64_t>(audit.size()));
        }
        for (const auto& entry : unit.meta) {
            if (entry.value.empty())
                meta.erase(entry.key);
            else
                meta[entry.key] = entry.value;
        }
        co_return committed;
    };
    access::Gate gate{flush, [this] { return clock.now(); }};
    ChangeDesk desk{loop,
                    clock,
                    random,
                    control,
                    gate,
                    flush,
                    [](const std::string&, const rules::Action&) {},
                    [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); }};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};

    Task<void> asking(std::string command, std::string who) {
        auto line = operate::parseCommandLine(command);
        Asked asked;
        asked.command = command;
        asked.caller.identity = std::move(who);
        asked.card = "card-1";
        asked.replyTo = "there";
        answer = co_await desk.handle(*operate::findVerb(line->verb), *line, std::move(asked));
    }
};

TEST_F(ChangeDeskTest, ShowsWhatTheDryRunWouldChangeAndSendsNothingElse) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return deployment(3, 5).dump();
    };
    auto preview = ask("scale deploy/web 3 -n shop");
    EXPECT_THAT(preview.text, HasSubstr("spec.replicas: 2 → 3"));
    EXPECT_EQ(preview.confirm, "scale deploy/web 3 -n shop --expect u-web@4 --yes");
    EXPECT_THAT(dryRuns(), ElementsAre(true));
    EXPECT_THAT(decisions(), ElementsAre("previewed"));
}

TEST_F(ChangeDeskTest, AnExpectationIsReplacedWhereverItStandsInTheCommand) {
    auto preview = ask("scale deploy/web 3 --expect u-web -n shop");
    EXPECT_EQ(preview.confirm, "scale deploy/web 3 -n shop --expect u-web@4 --yes");
}

TEST_F(ChangeDeskTest, ADryRunThatIsAskedForCannotBeConfirmed) {
    EXPECT_EQ(ask("scale deploy/web 3 -n shop --dry-run").confirm, "");
}

TEST_F(ChangeDeskTest, YesWithoutWhatWasShownIsTriedBeforeItIsDone) {
    ask("scale deploy/web 3 -n shop --yes");
    EXPECT_THAT(dryRuns(), ElementsAre(true, false));
    control.changes.clear();
    ask("scale deploy/web 3 -n shop --yes --expect u-web");  // the object, but no state of it
    EXPECT_THAT(dryRuns(), ElementsAre(true, false));
    control.changes.clear();
    ask("scale deploy/web 3 -n shop --yes --expect u-web@4");
    EXPECT_THAT(dryRuns(), ElementsAre(false));
}

TEST_F(ChangeDeskTest, WhatTheClusterRefusesInTheDryRunIsNotDoneAndRecorded) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return fail(ErrorCode::PermissionDenied, "403 quota");
    };
    EXPECT_THAT(ask("scale deploy/web 3 -n shop --yes").text, HasSubstr("the cluster refuses it: 403 quota"));
    EXPECT_THAT(dryRuns(), ElementsAre(true));
    EXPECT_THAT(decisions(), ElementsAre("previewed", "refused"));
    EXPECT_EQ(detail("refused")["result"], "403 quota");
    EXPECT_EQ(detail("refused")["change"], detail("previewed")["change"]);
}

TEST_F(ChangeDeskTest, ANamespaceInTheCommandIsNotWhereANodeIs) {
    auto escaped = ask("cordon node-1 -n shop --yes", "feishu:ou_bo");
    EXPECT_THAT(escaped.text, HasSubstr("has no role that allows \"cordon\" on nodes/node-1 in cluster prod"));
    EXPECT_TRUE(control.changes.empty());
    EXPECT_THAT(decisions(), ElementsAre("denied"));
    EXPECT_TRUE(ask("cordon node-1 --yes").ok);
}

TEST_F(ChangeDeskTest, ANodeIsChangedOnlyFromTheValuesThatWereShown) {
    auto preview = ask("cordon node-1");
    auto operations = json::parse(control.changes.front().request.body);
    EXPECT_EQ(operations[1], json::parse(R"({"op":"test","path":"/spec/unschedulable","value":null})"));
    control.objects[nodePath]["metadata"]["resourceVersion"] = "10";  // its kubelet reports all the time
    control.changes.clear();
    EXPECT_TRUE(ask(preview.confirm).ok);
}

TEST_F(ChangeDeskTest, AStaleExpectationIsRefusedAndRecorded) {
    auto preview = ask("scale deploy/web 3 -n shop");
    control.objects[webPath] = deployment(4, 5);
    EXPECT_THAT(ask(preview.confirm).text, HasSubstr("was changed since"));
    EXPECT_THAT(decisions(), ElementsAre("previewed", "stale"));
}

TEST_F(ChangeDeskTest, APlanThatFailsIsRecorded) {
    EXPECT_FALSE(ask("scale deploy/gone 3 -n shop").ok);
    EXPECT_THAT(decisions(), ElementsAre("refused"));
    EXPECT_THAT(detail("refused")["result"], HasSubstr("there is no Deployment"));
}

TEST_F(ChangeDeskTest, RecordsWhatAChangeMadeOfTheObject) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return deployment(3, 5).dump();
    };
    ask("scale deploy/web 3 -n shop --expect u-web@4 --yes");
    EXPECT_THAT(decisions(), ElementsAre("allowed", "done"));
    EXPECT_EQ(detail("done")["differences"], json::parse(R"(["spec.replicas: 2 → 3"])"));
    EXPECT_EQ(detail("done")["permittedBy"], 1);
}

TEST_F(ChangeDeskTest, UndoIsAboutTheObjectAsItWasLeft) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return deployment(3, 5).dump();
    };
    ask("scale deploy/web 3 -n shop --expect u-web@4 --yes");
    control.objects[webPath] = deployment(3, 5);
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    ASSERT_FALSE(told.empty());
    auto undo = told.back().second.undo;
    EXPECT_THAT(undo, HasSubstr("--replicas 2 --expect u-web@5"));
    control.onChange = nullptr;
    EXPECT_TRUE(ask(undo).ok);
    control.objects[webPath] = deployment(6, 6);
    EXPECT_THAT(ask(undo).text, HasSubstr("was changed since"));
}

TEST_F(ChangeDeskTest, TellsOfALongRolloutEverMoreRarelyAndOfItsEndAtOnce) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return deployment(100, 5).dump();
    };
    ask("scale deploy/web 100 -n shop --expect u-web@4 --yes");
    for (int ready = 1; ready <= 100; ++ready) {
        control.objects[webPath] = deployment(100, 5);
        control.objects[webPath]["status"]["availableReplicas"] = ready;
        clock.advance(1s);
    }
    EXPECT_LE(told.size(), 8u);
    ASSERT_FALSE(told.empty());
    EXPECT_THAT(told.front().second.text, HasSubstr("1/100 ready"));
    EXPECT_TRUE(told.front().second.progresses);
    EXPECT_THAT(told.back().second.text, HasSubstr("100/100 ready"));
    EXPECT_FALSE(told.back().second.progresses);
}

TEST_F(ChangeDeskTest, UndoOfACordonIsAboutItsValueAlone) {
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun()) control.objects[nodePath] = node(true);
        co_return node(true).dump();
    };
    auto undo = ask("cordon node-1 --yes").undo;
    control.objects[nodePath]["metadata"]["resourceVersion"] = "11";
    EXPECT_TRUE(ask(undo).ok) << undo;
}

TEST_F(ChangeDeskTest, GoesOnToItsEndWhenWhoeverAskedIsGone) {
    auto confirm = ask("cordon node-1").confirm;
    answer.reset();
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return node(true).dump();
    };
    TaskGroup asker(loop, [](const std::string&, const std::string&) {});
    asker.spawn("ask", asking(confirm, "feishu:ou_li"));
    loop.poll();
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", asker.stop());
    while (!end.empty()) loop.poll();
    EXPECT_EQ(meta.size(), 1u) << "under way";
    clock.advance(3s);
    EXPECT_EQ(decisions().back(), "done");
    EXPECT_TRUE(meta.empty());
    EXPECT_FALSE(answer);
}

TEST_F(ChangeDeskTest, AChangeWhoseAnswerWasLostMayStillBeOnItsWay) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return fail(ErrorCode::OutcomeUnknown, "no answer");
    };
    begin("scale deploy/web 3 -n shop --expect u-web@4 --yes");
    for (int i = 0; i < 45; ++i) clock.advance(1s);
    EXPECT_FALSE(answer);
    control.objects[webPath] = deployment(3, 5);  // the API server was slow
    for (int i = 0; i < 2; ++i) clock.advance(1s);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->ok) << answer->text;
}

TEST_F(ChangeDeskTest, AChangeThatDidNotComeInAMinuteIsSaidToHaveFailed) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return fail(ErrorCode::OutcomeUnknown, "no answer");
    };
    begin("scale deploy/web 3 -n shop --expect u-web@4 --yes");
    for (int i = 0; i < 59; ++i) clock.advance(1s);
    EXPECT_FALSE(answer);
    for (int i = 0; i < 3; ++i) clock.advance(1s);
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->text, HasSubstr("failed: no answer"));
    EXPECT_TRUE(answer->settles);
    EXPECT_TRUE(meta.empty());
}

TEST_F(ChangeDeskTest, WhatWasUnderWayIsFoundOutAfterARestartAndToldToWhoeverAsked) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(1h);
        co_return fail(ErrorCode::OutcomeUnknown, "no answer");
    };
    begin("cordon node-1 --yes --expect u-node@" + operate::stateOf(node(false), {"/spec/unschedulable"}));
    auto kept = meta;
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_THAT(kept.begin()->second, AllOf(HasSubstr("card-1"), HasSubstr("there")));
    control.objects[nodePath] = node(true);
    ChangeDesk next{loop,
                    clock,
                    random,
                    control,
                    gate,
                    flush,
                    [](const std::string&, const rules::Action&) {},
                    [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); }};
    next.resume(kept);
    loop.poll();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].first, "there");
    EXPECT_EQ(told[0].second.card, "card-1");
    EXPECT_TRUE(told[0].second.ok) << told[0].second.text;
    EXPECT_EQ(detail("done")["change"], detail("allowed")["change"]);
    EXPECT_EQ(control.changes.size(), 1u);
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", next.stop());
    end.spawn("tasks", tasks.stop());
    while (!end.empty()) loop.poll();
}

TEST_F(ChangeDeskTest, NoSecretOfACommandOrAnObjectIsKept) {
    auto object = deployment(2, 4);
    object["spec"]["template"]["spec"]["containers"] =
        json::parse(R"([{"name":"app","image":"a:1","env":[{"name":"DB_PASSWORD","value":"hunter2"}]}])");
    control.objects[webPath] = object;
    control.onChange = [&](const FakeControl::Change&) -> Task<Result<std::string>> {
        auto changed = object;
        changed["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "hunter3";
        co_return changed.dump();
    };
    auto preview = ask("set image deploy/web app=https://bo:hunter2@registry.example/a:2 -n shop");
    EXPECT_THAT(preview.text, AllOf(HasSubstr("DB_PASSWORD].value: *** → ***"), Not(HasSubstr("hunter"))));
    ask("set image deploy/web app=https://bo:hunter2@registry.example/a:2 -n shop --yes --expect u-web@4");
    for (const auto& entry : audit) EXPECT_THAT(entry.detail, Not(HasSubstr("hunter")));
    for (const auto& [key, value] : meta) EXPECT_THAT(value, Not(HasSubstr("hunter")));
}

}  // namespace
}  // namespace klaw::app
