// Commands that are not whole, misspelt ones, and long lists: what the answer offers to go on with.
#include "agent/operate/continuation.hpp"

#include <fmt/format.h>

#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

nlohmann::json listOf(std::vector<std::string> names) {
    auto items = nlohmann::json::array();
    for (auto& name : names) items.push_back({{"metadata", {{"name", std::move(name)}}}});
    return {{"items", std::move(items)}};
}

/// As the API server writes the rows of a list.
std::string tableOf(int pods, int pending) {
    auto rows = nlohmann::json::array();
    for (int i = 0; i < pods; ++i) {
        auto name = fmt::format("web-{:03}", i);
        rows.push_back(
            {{"cells", {name, i < pending ? "Pending" : "Running"}}, {"object", {{"metadata", {{"name", name}}}}}});
    }
    nlohmann::json table{{"kind", "Table"}, {"metadata", nlohmann::json::object()}, {"rows", std::move(rows)}};
    table["columnDefinitions"] = {{{"name", "Name"}, {"type", "string"}, {"priority", 0}},
                                  {{"name", "Status"}, {"type", "string"}, {"priority", 0}}};
    return table.dump();
}

class ContinuationTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        control.alert.title = {"web keeps crashing", "web 反复崩溃"};
        control.onAsk = [this](const std::string& path) -> Result<std::string> {
            auto bare = path.substr(0, path.find('?'));
            if (bare == "/api/v1/namespaces/shop/pods" && path.find("limit=2000") != path.npos) return tableOf(500, 20);
            auto found = lists.find(bare);
            if (found != lists.end()) return found->second.dump();
            auto object = control.objects.find(bare);
            if (object != control.objects.end()) return object->second.dump();
            return fail(ErrorCode::NotFound, "404 there is no " + path);
        };
    }

    /// As in a chat, where there are buttons.
    Answered asked(const std::string& command, const std::string& chat = "feishu:oc_ops") {
        std::optional<Answered> answer;
        tasks.spawn("ask", asking(command, chat, answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
        return answer.value_or(Answered());
    }
    /// The commands behind the buttons.
    static std::vector<std::string> choices(const Answered& answer) {
        std::vector<std::string> commands;
        for (const auto& [label, command] : answer.choices) commands.push_back(command);
        return commands;
    }
    void boundTo(std::vector<std::string> namespaces) {
        access::Policy policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}},
                               {"", {}, {"feishu:oc_ops"}, "viewer", {}, std::move(namespaces)}});
        control.roles = policy;
        gate.setPolicy(policy);
    }

    Task<void> pressed(Asked asked, std::string nonce, std::map<std::string, std::string> inputs,
                       std::optional<Answered>& answer) {
        answer = co_await desk.press(std::move(asked), std::move(nonce), std::move(inputs));
    }

    std::map<std::string, nlohmann::json> lists{
        {"/api/v1/namespaces", listOf({"shop", "web"})},
        {"/api/v1/nodes", listOf({"node-1", "node-2"})},
        {"/apis/apps/v1/namespaces/shop/deployments", listOf({"web", "cart", "no name --yes"})},
        {"/apis/apps/v1/namespaces/shop/statefulsets", listOf({"db"})},
        {"/api/v1/namespaces/shop/pods", listOf({"web-0"})}};

private:
    Task<void> asking(std::string command, std::string chat, std::optional<Answered>& answer) {
        Asked asked;
        asked.caller.identity = "feishu:ou_li";
        asked.caller.chat = std::move(chat);
        asked.command = std::move(command);
        asked.page = {15, 15'000};
        answer = co_await desk.execute(std::move(asked));
    }
};

TEST_F(ContinuationTest, ACommandWithoutItsObjectGetsThoseOfTheNamespace) {
    auto answer = asked("scale -n shop");
    EXPECT_THAT(choices(answer),
                ElementsAre("scale deployment/web --namespace shop", "scale deployment/cart --namespace shop",
                            "scale statefulset/db --namespace shop"));
    EXPECT_THAT(answer.text, HasSubstr("Which one? (Deployment, StatefulSet in shop)"));
    EXPECT_THAT(answer.text, HasSubstr("scale KIND/NAME REPLICAS -n NAMESPACE"));
    EXPECT_THAT(control.changes, IsEmpty());
    EXPECT_THAT(choices(asked("restart deploy -n shop")),
                ElementsAre("restart deployment/web --namespace shop", "restart deployment/cart --namespace shop"));
    EXPECT_THAT(choices(asked("logs -n shop --previous")), ElementsAre("logs pod/web-0 --namespace shop --previous"));
    EXPECT_THAT(choices(asked("describe pod -n shop")), ElementsAre("describe pod/web-0 --namespace shop"));
}

TEST_F(ContinuationTest, TheNamespaceIsThatOfTheChatOrIsAskedFor) {
    EXPECT_THAT(choices(asked("scale")), ElementsAre("scale --namespace shop", "scale --namespace web"));
    EXPECT_THAT(choices(asked("restart deploy/web")),
                ElementsAre("restart deploy/web --namespace shop", "restart deploy/web --namespace web"));
    boundTo({"shop"});
    EXPECT_THAT(choices(asked("scale")), Contains("scale deployment/web --namespace shop"));
    EXPECT_THAT(choices(asked("scale", "feishu:oc_other")),
                ElementsAre("scale --namespace shop", "scale --namespace web"));
    boundTo({"team-*", "shop", "cart"});
    EXPECT_THAT(choices(asked("scale")), ElementsAre("scale --namespace cart", "scale --namespace shop"));
}

TEST_F(ContinuationTest, WhoMayInOneNamespaceAloneGetsItsObjectsAndIsNotRefused) {
    access::Policy policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {"shop"}}});
    control.roles = policy;
    gate.setPolicy(policy);
    EXPECT_THAT(choices(asked("scale")), Contains("scale deployment/web --namespace shop"));
    EXPECT_THAT(choices(asked("restart deploy/web")), ElementsAre("restart deploy/web --namespace shop"));
    EXPECT_THAT(asked("cordon node-1").text, HasSubstr("has no role")) << "of no namespace";
}

TEST_F(ContinuationTest, AButtonCarriesNoConfirmation) {
    EXPECT_THAT(choices(asked("restart deploy -n shop --yes")),
                ElementsAre("restart deployment/web --namespace shop", "restart deployment/cart --namespace shop"));
    EXPECT_THAT(choices(asked("restat deploy/web -n shop --yes")), ElementsAre("restart deploy/web --namespace shop"));
}

TEST_F(ContinuationTest, WhatIsInNoNamespaceIsNotAskedForOne) {
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}}));
    EXPECT_THAT(asked("create namespace team-a").text, Not(HasSubstr("In which namespace?")));
    EXPECT_THAT(asked("delete namespace/web --confirm web").text, Not(HasSubstr("In which namespace?")));
}

TEST_F(ContinuationTest, ValuesOfSecretsAreOnNoButtonOfAMisspeltWord) {
    for (const char* command :
         {"sett data secret/db password=hunter2 -n shop", "se data secret/db password=hunter2 -n shop",
          "creat secret db password=hunter2 -n shop"}) {
        auto answer = asked(command);
        EXPECT_THAT(answer.choices, IsEmpty()) << command;
        EXPECT_THAT(answer.text + answer.pagedCommand, Not(HasSubstr("hunter2"))) << command;
    }
}

TEST_F(ContinuationTest, TheNumberOfReplicasFollowsFromWhatThereIs) {
    auto answer = asked("scale deploy/web -n shop");
    EXPECT_THAT(choices(answer),
                ElementsAre("scale deploy/web 1 --namespace shop", "scale deploy/web 3 --namespace shop",
                            "scale deploy/web 4 --namespace shop"));
    EXPECT_THAT(answer.text, HasSubstr("There are 2 now"));
    EXPECT_THAT(asked("scale deploy/web 3 -n shop").confirm, HasSubstr("scale deploy/web 3")) << "it is whole";
}

TEST_F(ContinuationTest, AlertsNodesKindsAndPeopleAreOffered) {
    EXPECT_THAT(choices(asked("ack")), ElementsAre("ack 3f9a21c07be4d815"));
    EXPECT_EQ(asked("ack").choices.front().first, "web keeps crashing");
    control.alert.acknowledged = rules::Mark{"Han", start, ""};
    EXPECT_THAT(choices(asked("ack")), IsEmpty());
    EXPECT_THAT(choices(asked("unack")), SizeIs(1));
    EXPECT_THAT(choices(asked("describe")), Contains("describe deployment"));
    boundTo({});
    EXPECT_THAT(choices(asked("assign 3f9a")), ElementsAre("assign 3f9a Li"));
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}}));
    EXPECT_THAT(choices(asked("cordon")), ElementsAre("cordon node-1", "cordon node-2"));
}

TEST_F(ContinuationTest, ACardHasRoomForEightAndSaysHowManyMoreThereAre) {
    std::vector<std::string> names;
    for (int i = 0; i < 50; ++i) names.push_back("d" + std::to_string(i));
    lists["/apis/apps/v1/namespaces/shop/deployments"] = listOf(names);
    auto answer = asked("pause -n shop");
    EXPECT_THAT(answer.choices, SizeIs(8));
    EXPECT_THAT(answer.text, HasSubstr("42 more: write which one is meant."));
}

TEST_F(ContinuationTest, WithoutButtonsTheCommandsAreListedAndItHasFailed) {
    auto answer = ask("scale -n shop");
    EXPECT_FALSE(answer.ok);
    EXPECT_THAT(answer.text, HasSubstr("\n  scale deployment/cart --namespace shop\n"));
}

TEST_F(ContinuationTest, WhoMayNotDoItIsToldNothingOfWhatThereIs) {
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "viewer", {}, {}}}));
    auto answer = asked("scale -n shop");
    EXPECT_THAT(answer.choices, IsEmpty());
    EXPECT_THAT(answer.text, HasSubstr("has no role that allows \"scale\""));
}

TEST_F(ContinuationTest, AMisspeltOrShortenedWordGetsButtonsWithTheRestOfTheCommand) {
    EXPECT_THAT(choices(asked("alrts -n shop")), ElementsAre("alerts --namespace shop"));
    EXPECT_THAT(choices(asked("depl shop --bad")), ElementsAre("deployments shop --bad"));
    EXPECT_THAT(choices(asked("重 deploy/web -n shop")), ElementsAre("重启 deploy/web --namespace shop"));
    auto answer = asked("silnce 3f9a 2h --comment \"it's known\"");
    ASSERT_THAT(answer.choices, SizeIs(1));
    EXPECT_EQ(operate::parseCommandLine(answer.choices[0].second)->option("comment"), "it's known");
    EXPECT_FALSE(answer.ok);
    EXPECT_THAT(asked("xyzzy").choices, IsEmpty());
}

/// C3
TEST_F(ContinuationTest, FiveHundredRowsComeInPagesAndCanBeNarrowed) {
    auto answer = asked("pods -n shop");
    EXPECT_EQ(answer.page.of, 34u);
    EXPECT_THAT(answer.rows, SizeIs(30));
    EXPECT_EQ(answer.filterCommand, "pods -n shop");
    ASSERT_THAT(answer.filters, SizeIs(2));
    EXPECT_EQ(answer.filters[0].first, "Running (480)");
    EXPECT_EQ(answer.filters[1].first, "Pending (20)");
    auto pending = asked(answer.filters[1].second);
    EXPECT_EQ(pending.page.of, 2u);
    EXPECT_THAT(pending.text, Not(HasSubstr("Running")));
    EXPECT_THAT(pending.filters, ElementsAre(testing::Pair("All", "pods -n shop")));
    auto last = asked(pending.pagedCommand + " --page 2");
    EXPECT_THAT(last.rows, SizeIs(10));
    EXPECT_EQ(last.page.number, 2u);
    EXPECT_THAT(asked("pods -n shop --grep web-49").rows, SizeIs(20));
    EXPECT_THAT(asked("pods -n shop --grep nothing").text, HasSubstr("None of 500 rows matches \"nothing\""));
    EXPECT_FALSE(asked("pods -n shop --grep '['").ok);
    EXPECT_FALSE(asked("pods -n shop --grep '['").reads) << "there is no answer to show";
}

/// C3
TEST_F(ContinuationTest, WhatIsWrittenIntoTheFormOfACardNarrowsTheList) {
    auto nonce = offered("filter", "pods -n shop --page 1");
    std::optional<Answered> answer;
    auto pressing = [&](std::map<std::string, std::string> inputs) {
        answer.reset();
        Asked press;
        press.caller.identity = "feishu:ou_li";
        press.page = {15, 15'000};
        tasks.spawn("press", pressed(std::move(press), nonce, std::move(inputs), answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
        return *answer;
    };
    EXPECT_EQ(pressing({{"grep", "web-00"}}).pagedCommand, "pods -n shop --grep 'web-00'");
    EXPECT_THAT(answer->rows, SizeIs(20));
    EXPECT_EQ(pressing({{"grep", "x' --all '"}}).pagedCommand, "pods -n shop --grep 'x  --all  '") << "one word";
    EXPECT_EQ(pressing({}).page.of, 34u) << "nothing: the whole list again";
}

}  // namespace
}  // namespace klaw::app
