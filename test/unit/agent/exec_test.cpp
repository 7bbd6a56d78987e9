// A command of the configuration's list in a container.
#include "agent/operate/execution.hpp"
#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr auto podPath = "/api/v1/namespaces/shop/pods/web-0";

nlohmann::json pod(const std::string& name, bool ready = true) {
    return object(
        "Pod", "shop", name,
        {{"spec", {{"containers", {{{"name", "app"}}, {{"name", "proxy"}}}}}},
         {"status",
          {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}});
}

class ExecTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        access::ExecRule rule;
        rule.command = {"df", "-h", "*"};
        rule.namespaces = {"shop"};
        control.executable = {rule};
        control.objects[podPath] = pod("web-0");
        control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
            if (change.dryRun()) co_return operate::toJson(kube::ExecOutcome());
            co_return comes;
        };
    }
    Result<std::string> comes = operate::toJson(kube::ExecOutcome{0, "Filesystem\n", false});
    const std::string command = "exec web-0 -n shop -- df -h /";
};

TEST_F(ExecTest, RunsWhatTheConfigurationAllowsOnceItIsConfirmed) {
    auto preview = ask(command);
    EXPECT_THAT(preview.text, HasSubstr("This would run in Pod shop/web-0, container app: `df -h /`"));
    EXPECT_EQ(preview.confirm, "exec web-0 -n shop --command 'df -h /' --expect u-web-0@app --yes");
    ASSERT_EQ(control.changes.size(), 1u);
    EXPECT_TRUE(control.changes[0].dryRun());
    auto done = ask(preview.confirm);
    EXPECT_TRUE(done.ok);
    EXPECT_EQ(done.text, "Done: run in Pod shop/web-0, container app: `df -h /`, exit code 0\nFilesystem\n");
    ASSERT_EQ(control.changes.size(), 2u);
    EXPECT_EQ(control.changes[1].request.path,
              std::string(podPath) + "/exec?container=app&stdout=true&stderr=true&command=df&command=-h&command=%2F");
    EXPECT_EQ(control.changes[1].request.timeLimit, 10s);
}

TEST_F(ExecTest, TheLogHasTheArgumentsAndTheExitCode) {
    comes = operate::toJson(kube::ExecOutcome{1, "", false});
    EXPECT_FALSE(confirmed(command).ok);
    EXPECT_THAT(rows(),
                ElementsAre(std::pair("prod/shop/Pod/web-0", "previewed"), std::pair("prod/shop/Pod/web-0", "allowed"),
                            std::pair("prod/shop/Pod/web-0", "done")));
    auto end = nlohmann::json::parse(audit.back().detail);
    EXPECT_EQ(end["argv"], nlohmann::json({"df", "-h", "/"}));
    EXPECT_EQ(end["container"], "app");
    EXPECT_EQ(end["exitCode"], 1);
}

TEST_F(ExecTest, IsOffWithoutAList) {
    control.executable.clear();
    EXPECT_THAT(ask(command).text, HasSubstr("an administrator can allow some under `exec`"));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(ExecTest, RefusesEverythingElseAndSaysWhatIsAllowed) {
    for (const char* other :
         {"exec web-0 -n shop -- sh", "exec web-0 -n shop -- df -h / /", "exec web-0 -n shop -- df -h -a",
          "exec web-0 -n shop -- df", "exec web-0 -n shop -- 'df -h /'"}) {
        auto refused = ask(other);
        EXPECT_FALSE(refused.ok) << other;
        EXPECT_THAT(refused.text, HasSubstr("is none of the commands")) << other;
        EXPECT_THAT(refused.text, HasSubstr("allowed there: `df -h *`")) << other;
    }
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(ExecTest, IsAPermissionOfItsOwn) {
    EXPECT_THAT(ask(command, "feishu:ou_bo").text, HasSubstr("no role that allows \"exec\""));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(ExecTest, ARuleCanBeForSomeRolesOnly) {
    control.executable.front().roles = {"operator"};
    control.roles = access::Policy({{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}});
    EXPECT_THAT(ask(command).text, HasSubstr("is none of the commands"));
    control.executable.front().roles = {"admin"};
    EXPECT_TRUE(confirmed(command).ok);
}

TEST_F(ExecTest, TheContainerIsTheFirstOrTheOneThatIsNamed) {
    EXPECT_THAT(ask("exec web-0 -n shop -c proxy -- df -h /").text, HasSubstr("container proxy"));
    EXPECT_THAT(ask("exec web-0 -n shop -c other -- df -h /").text, HasSubstr("one of app, proxy"));
    control.objects[podPath]["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "proxy";
    EXPECT_THAT(ask(command).text, HasSubstr("container proxy"));
}

TEST_F(ExecTest, WhatWasShownOfOneContainerIsNotRunInAnother) {
    auto preview = ask(command);
    control.objects[podPath]["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "proxy";
    EXPECT_THAT(ask(preview.confirm).text, HasSubstr("was changed since"));
    EXPECT_EQ(rows().back().second, "stale");
    EXPECT_EQ(control.changes.size(), 1u);
}

TEST_F(ExecTest, OfAWorkloadItRunsInOnePodThatIsReady) {
    control.objects[webPath] = deployment(2, 1);
    control.objects[webPath]["spec"]["selector"]["matchLabels"]["app"] = "web";
    auto list = nlohmann::json{{"items", {pod("web-1", false), pod("web-2")}}};
    control.objects["/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%3Dweb"] = list;
    auto preview = ask("exec deploy/web -n shop -- df -h /");
    EXPECT_THAT(preview.text, HasSubstr("Pod shop/web-2"));
    // What was shown is what is run, whichever is ready now.
    control.objects["/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%3Dweb"] = {
        {"items", {pod("web-1"), pod("web-2", false)}}};
    EXPECT_THAT(ask(preview.confirm).text, HasSubstr("Done: run in Pod shop/web-2"));
}

TEST_F(ExecTest, OutputIsMaskedCleanedAndCut) {
    std::string wrote = "DB_PASSWORD=hunter22hunter22\n\x1b[31mred\x1b[0m \xff\n";
    for (int i = 0; i < 2000; ++i) wrote += "line " + std::to_string(i) + "\n";
    comes = operate::toJson(kube::ExecOutcome{0, wrote, false});
    auto done = confirmed(command);
    EXPECT_THAT(everything(), Not(HasSubstr("hunter22")));
    EXPECT_THAT(done.text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(done.text, HasSubstr("red"));
    EXPECT_LT(done.text.size(), 8'500u);
    EXPECT_THAT(done.text, HasSubstr("it wrote more"));
}

TEST_F(ExecTest, ArgumentsThatLookSecretAreRefusedAndNotRecorded) {
    control.executable.front().command = {"app", "*", "*"};
    for (const char* program :
         {"app --db-token hunter22hunter22", "app password=hunter22 x", "app 'it is' \"PASSWORD=hunter22\"",
          "app 'a\"b' \"it's\" --client-secret hunter22hunter22"}) {
        auto refused = ask(std::string("exec web-0 -n shop -- ") + program);
        EXPECT_FALSE(refused.ok) << program;
        EXPECT_THAT(everything(), Not(HasSubstr("hunter22"))) << program;
    }
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(ExecTest, WhatIsKeptWhileItRunsHasNoArgumentsButTheMaskedOnes) {
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun()) co_await clock.sleepFor(10h);
        co_return operate::toJson(kube::ExecOutcome());
    };
    begin(ask(command).confirm);
    ASSERT_EQ(meta.size(), 1u);
    EXPECT_THAT(meta.begin()->second, Not(HasSubstr("command=")));
}

TEST_F(ExecTest, WhatWasNotSentHasFailed) {
    comes = fail(ErrorCode::Unavailable, "no connection");
    EXPECT_THAT(confirmed(command).text, HasSubstr("failed: no connection"));
    EXPECT_EQ(rows().back().second, "failed");
}

TEST_F(ExecTest, WhatBrokeOffIsUnknownWithTheOutputSoFar) {
    comes = operate::toJson(kube::ExecOutcome{std::nullopt, "begun\n", false, "the connection ended, token=hunter22"});
    auto said = confirmed(command);
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("it is not known how it ended: the connection ended, token=***\nbegun\n"));
    EXPECT_EQ(rows().back().second, "unknown");
}

TEST_F(ExecTest, AClusterThatCannotBeAskedHasNotDenied) {
    control.clusterLets = fail(ErrorCode::Unavailable, "no answer");
    EXPECT_THAT(ask(command).text, HasSubstr("no answer"));
    EXPECT_THAT(rows(), ElementsAre(std::pair("prod/shop/Pod/web-0", "refused")));
}

TEST_F(ExecTest, ALostAnswerIsNotFoundOutAndNotRepeated) {
    comes = fail(ErrorCode::OutcomeUnknown, "the connection ended");
    auto said = confirmed(command);
    EXPECT_THAT(said.text, HasSubstr("it is not known whether this was run"));
    EXPECT_EQ(rows().back().second, "unknown");
    EXPECT_EQ(control.changes.size(), 2u);
}

TEST_F(ExecTest, WhatHasNotEndedInItsTimeMayGoOn) {
    comes = operate::toJson(kube::ExecOutcome{std::nullopt, "begun\n", false});
    auto said = confirmed(command);
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("may go on in the container\nbegun\n"));
    EXPECT_EQ(rows().back().second, "unknown");
}

TEST_F(ExecTest, AfterAKillItIsNotRunAgain) {
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun()) co_await clock.sleepFor(10h);
        co_return operate::toJson(kube::ExecOutcome());
    };
    auto preview = ask(command);
    begin(preview.confirm);
    auto kept = meta;
    ASSERT_EQ(kept.size(), 1u);
    ChangeDesk next(
        loop, clock, random, control, gate, flush, [](const std::string&, const rules::Action&) {},
        [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); });
    next.resume(kept);
    loop.poll();
    ASSERT_FALSE(told.empty());
    EXPECT_THAT(told.back().second.text, HasSubstr("Klaw ended while this ran"));
    EXPECT_EQ(control.changes.size(), 2u);
    end(next);
}

TEST_F(ExecTest, WhereAClusterImpersonatesItIsAskedFirst) {
    control.clusterLets = fail(ErrorCode::PermissionDenied, "Kubernetes does not let feishu:ou_li create pods/exec");
    auto refused = ask(command);
    EXPECT_THAT(refused.text, HasSubstr("does not let feishu:ou_li create pods/exec"));
    EXPECT_EQ(refused.confirm, "");
    EXPECT_THAT(control.reviewed, ElementsAre(HasSubstr("feishu:ou_li EXEC " + std::string(podPath) + "/exec")));
    EXPECT_THAT(rows(), ElementsAre(std::pair("prod/shop/Pod/web-0", "denied")));
    EXPECT_TRUE(control.changes.empty());
}

}  // namespace
}  // namespace klaw::app
