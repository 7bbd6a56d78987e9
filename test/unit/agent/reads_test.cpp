// Verbs that ask several clusters, or several containers.
#include <gmock/gmock.h>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using operate::CommandLine;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ReadsTest : public testing::Test {
protected:
    /// What `command` answers: its text, or the error.
    std::string answer(const std::string& command) {
        auto line = operate::parseCommandLine(command);
        EXPECT_TRUE(line);
        const auto* verb = operate::findVerb(line->verb);
        Loop loop;
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        std::string text;
        tasks.spawn("verb",
                    [](ReadsTest& test, const operate::Verb& asked, CommandLine with, std::string& into) -> Task<void> {
                        operate::Caller caller;
                        caller.identity = "local:test";
                        auto output = co_await asked.ask(test.control, caller, with);
                        into = output ? output->text : output.error().describe();
                    }(*this, *verb, *line, text));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return text;
    }
    static json nodes(const std::string& name) {
        return {{"columnDefinitions", {{{"name", "Name"}, {"priority", 0}}, {{"name", "Status"}, {"priority", 0}}}},
                {"rows", {{{"cells", {name, "Ready"}}}}}};
    }

    ManualClock clock{*parseRfc3339("2026-11-25T10:00:00Z")};
    FakeControl control{clock};
};

TEST_F(ReadsTest, SeveralClustersAreChosenByNamesPatternsAndLabels) {
    control.clusterLabels = {{"cn-prod", {{"env", "prod"}, {"region", "cn"}}},
                             {"eu-prod", {{"env", "prod"}, {"region", "eu"}}},
                             {"eu-test", {{"env", "test"}, {"region", "eu"}}}};
    auto chosen = [&](const std::string& wanted) {
        CommandLine line;
        if (!wanted.empty()) line.options["cluster"] = wanted;
        auto names = operate::clustersOf(control, line);
        return names ? *names : std::vector<std::string>{names.error().describe()};
    };
    EXPECT_THAT(chosen("all"), ElementsAre("cn-prod", "eu-prod", "eu-test"));
    EXPECT_THAT(chosen("cn-prod,eu-test"), ElementsAre("cn-prod", "eu-test"));
    EXPECT_THAT(chosen("eu-*"), ElementsAre("eu-prod", "eu-test"));
    EXPECT_THAT(chosen("env=prod"), ElementsAre("cn-prod", "eu-prod"));
    EXPECT_THAT(chosen("env=prod,region!=cn"), ElementsAre("eu-prod"));
    EXPECT_THAT(chosen("env=dev"), ElementsAre(HasSubstr("no cluster has the labels env=dev")));
    EXPECT_THAT(chosen("env=prod,eu"), ElementsAre(HasSubstr("\"eu\" is no label with a value")));
    EXPECT_THAT(chosen("eu-prd"), ElementsAre(HasSubstr("did you mean eu-prod?")));
    EXPECT_THAT(chosen(""), ElementsAre(HasSubstr("which cluster is meant?")));
}

TEST_F(ReadsTest, ListOfSeveralClustersShowsWhatThoseSayThatAnswer) {
    control.clusterLabels = {{"east", {}}, {"north", {}}, {"west", {}}};
    control.silentClusters["north"] = "it did not answer in time";
    control.objects["/api/v1/nodes?limit=2000"] = nodes("n1");
    auto text = answer("nodes --cluster all");
    EXPECT_THAT(text, AllOf(HasSubstr("east      n1"), HasSubstr("west      n1")));
    EXPECT_THAT(text, HasSubstr("Without an answer:\nnorth: it did not answer in time\n"));
    control.silentClusters = {{"east", "refused"}, {"north", "refused"}, {"west", "refused"}};
    EXPECT_THAT(answer("nodes --cluster all"), HasSubstr("no cluster answered: east: refused; north: refused"));
}

TEST_F(ReadsTest, ListOfWhatIsWrongLooksOnEveryPage) {
    auto page = [](const std::string& name, const std::string& status, const std::string& more) {
        json table = {
            {"columnDefinitions", {{{"name", "Name"}, {"priority", 0}}, {{"name", "Status"}, {"priority", 0}}}},
            {"rows", {{{"cells", {name, status}}, {"object", {{"metadata", {{"namespace", "shop"}}}}}}}}};
        if (!more.empty()) table["metadata"]["continue"] = more;
        return table;
    };
    control.objects["/api/v1/pods?limit=2000"] = page("good", "Running", "t1");
    control.objects["/api/v1/pods?limit=2000&continue=t1"] = page("bad", "Pending", "");
    EXPECT_THAT(answer("pods -A --bad"), AllOf(HasSubstr("bad"), Not(HasSubstr("good"))));
    EXPECT_THAT(answer("pods -A"),
                AllOf(HasSubstr("good"), HasSubstr("The first 2000 of prod: narrow it by -n or -l.")));
}

json pod(const std::string& name, std::vector<std::string> containers) {
    json made = {{"metadata", {{"name", name}}}, {"spec", {{"containers", json::array()}}}};
    for (auto& container : containers) made["spec"]["containers"].push_back({{"name", container}});
    return made;
}

TEST_F(ReadsTest, LogsOfAWorkloadAreThoseOfAllItsContainersMergedByTime) {
    control.objects["/apis/apps/v1/namespaces/shop/deployments/web"] = {
        {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}}};
    control.objects["/api/v1/namespaces/shop/pods?limit=100&labelSelector=app%3Dweb"] = {
        {"items", {pod("web-0", {"app"}), pod("web-1", {"app"})}}};
    control.onAsk = [&](const std::string& path) -> Result<std::string> {
        if (path.find("web-0/log?container=app") != path.npos) return std::string("2026-11-25T09:00:02Z second\n");
        if (path.find("web-1/log?container=app") != path.npos) return std::string("2026-11-25T09:00:01Z first\n");
        auto found = control.objects.find(path);
        if (found == control.objects.end()) return fail(ErrorCode::NotFound, "there is no " + path);
        return found->second.dump();
    };
    EXPECT_EQ(answer("logs deploy/web -n shop"), "[web-1] first\n[web-0] second\n");
    EXPECT_EQ(answer("logs -l app=web -n shop --grep fir"), "[web-1] first\n");
}

TEST_F(ReadsTest, LogsWithoutATargetOrWithOddNumbersAreRefused) {
    EXPECT_THAT(answer("logs -n shop"), HasSubstr("logs needs a Pod or a workload"));
    EXPECT_THAT(answer("logs web-0 -n shop --tail many"), HasSubstr("--tail many is no number"));
    EXPECT_THAT(answer("logs web-0 -n shop --follow 5s --since 5m"), HasSubstr("leave one of them out"));
    EXPECT_THAT(answer("logs web-0 -n shop --follow 5m"), HasSubstr("for 60s at most"));
}

}  // namespace
}  // namespace klaw::app
