// `cluster audit`: what is asked of the API server, and what comes of its answers.
#include <gmock/gmock.h>

#include "agent/access/access.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/required_access.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SecurityAuditTest : public testing::Test {
protected:
    SecurityAuditTest() {
        control.onAsk = [this](const std::string& path) -> Result<std::string> {
            asked.push_back(path);
            for (const auto& [begin, error] : refused)
                if (path.starts_with(begin)) return fail(error);
            auto found = bodies.find(path);
            if (found != bodies.end()) return found->second.dump();
            return std::string(R"({"items": [], "metadata": {}})");
        };
        put("/version", {{"gitVersion", "v1.36.3"}});
        put("/api/v1/pods?limit=100", listOf(json::array({pod("web", true)})));
    }
    void put(const std::string& path, json body) { bodies[path] = std::move(body); }
    static json listOf(json items, const std::string& more = "") {
        return {{"items", std::move(items)}, {"metadata", {{"continue", more}}}};
    }
    static json pod(const std::string& name, bool privileged) {
        return {{"metadata", {{"name", name}, {"namespace", "shop"}}},
                {"spec",
                 {{"containers",
                   {{{"name", "web"}, {"image", "web:1"}, {"securityContext", {{"privileged", privileged}}}}}}}}};
    }

    std::string answer(const std::string& command, const std::string& language = "en") {
        auto line = operate::parseCommandLine(command);
        EXPECT_TRUE(line);
        const auto* verb = operate::findVerb(line->verb);
        EXPECT_TRUE(verb && verb->ask) << command;
        Loop loop;
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        std::string text;
        operate::Caller caller;
        caller.identity = "local:test";
        caller.language = language;
        tasks.spawn("verb",
                    [](operate::Control& of, const operate::Verb& asked, operate::Caller by, operate::CommandLine with,
                       std::string& into) -> Task<void> {
                        auto output = co_await asked.ask(of, by, with);
                        into = output ? output->text : output.error().describe();
                    }(control, *verb, caller, *line, text));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return text;
    }
    json report(const std::string& more = "") {
        return json::parse(answer("cluster audit --output json" + more), nullptr, false);
    }
    static std::set<std::string> checksIn(const json& list) {
        std::set<std::string> ids;
        for (const auto& each : list) ids.insert(each["check"].get<std::string>());
        return ids;
    }

    std::map<std::string, json> bodies;
    std::map<std::string, Error> refused;
    std::vector<std::string> asked;
    ManualClock clock{*parseRfc3339("2026-11-25T10:00:00Z")};
    FakeControl control{clock};
};

TEST_F(SecurityAuditTest, IsOneVerbOfTwoWordsInBothLanguages) {
    const auto* verb = operate::findVerb("cluster audit");
    ASSERT_NE(verb, nullptr);
    for (const char* written :
         {"cluster audit -n shop", "安全审计 -n shop", "集群 审计 -n shop", "cluster 安全审计 -n shop"}) {
        auto line = operate::parseCommandLine(written);
        ASSERT_TRUE(line) << written;
        EXPECT_EQ(operate::findVerb(line->verb), verb) << written;
        EXPECT_TRUE(line->arguments.empty()) << written;
        EXPECT_EQ(line->option("namespace"), "shop") << written;
    }
    auto add = operate::parseCommandLine("cluster add prod-2");
    EXPECT_EQ(operate::findVerb(add->verb), operate::findVerb("clusters"));
    EXPECT_THAT(add->arguments, testing::ElementsAre("add", "prod-2"));
}

TEST_F(SecurityAuditTest, ShowsFindingsSeverestFirstWithWhatTheyAreAbout) {
    auto text = answer("cluster audit --severity high");
    EXPECT_THAT(text, HasSubstr("privileged-container"));
    EXPECT_THAT(text, HasSubstr("Pod shop/web"));
    EXPECT_THAT(text, HasSubstr("spec.containers[web].securityContext.privileged"));
    EXPECT_THAT(text, HasSubstr("1 critical"));
    EXPECT_THAT(text, Not(HasSubstr("***"))) << "nothing is a secret";
    EXPECT_THAT(text, Not(HasSubstr("seccomp-missing"))) << "it is of a lower severity";
    EXPECT_THAT(answer("安全审计 --severity critical", "zh"),
                AllOf(HasSubstr("严重"), HasSubstr("容器以特权模式运行")));
}

TEST_F(SecurityAuditTest, ReadsListsToTheirEndPageByPage) {
    put("/api/v1/pods?limit=100", listOf(json::array({pod("a", false)}), "next page"));
    put("/api/v1/pods?limit=100&continue=next%20page", listOf(json::array({pod("b", true)})));
    EXPECT_THAT(answer("cluster audit"), HasSubstr("Pod shop/b"));
}

TEST_F(SecurityAuditTest, SaysWhatCouldNotBeReadAndWhatIsNotCheckedForIt) {
    refused.emplace("/api/v1/secrets", Error(ErrorCode::PermissionDenied, "403 secrets is forbidden"));
    auto text = answer("cluster audit");
    EXPECT_THAT(text, HasSubstr("could not be read: secrets (403 secrets is forbidden)"));
    EXPECT_THAT(text, HasSubstr("not checked, or only in part: "));
    EXPECT_THAT(text, HasSubstr("certificate-ends"));
}

TEST_F(SecurityAuditTest, SaysSoWhereAListEndsInTheMiddle) {
    put("/api/v1/pods?limit=100", listOf(json::array({pod("a", true)}), "gone"));
    refused.emplace("/api/v1/pods?limit=100&continue=gone", Error(ErrorCode::Expired, "410 the token is too old"));
    auto text = answer("cluster audit");
    EXPECT_THAT(text, HasSubstr("Pod shop/a"));
    EXPECT_THAT(text, HasSubstr("could not be read: pods (only in part: 410 the token is too old)"));
}

TEST_F(SecurityAuditTest, IsAnErrorWhereTheApiServerDoesNotAnswer) {
    refused.emplace("/version", Error(ErrorCode::Unavailable, "connection refused", "prod"));
    EXPECT_THAT(answer("cluster audit"), StartsWith("prod: connection refused"));
    EXPECT_TRUE(control.audits.empty());
}

TEST_F(SecurityAuditTest, AsksForSecretsWithoutTheirValuesAndKeepsOnlyCertificatesOfTls) {
    json table{{"columnDefinitions", {{{"name", "Name"}}, {{"name", "Type"}}}},
               {"rows",
                {{{"cells", {"robot", "kubernetes.io/service-account-token"}},
                  {"object", {{"metadata", {{"name", "robot"}, {"namespace", "shop"}}}}}}}}};
    put("/api/v1/secrets?limit=100", table);
    auto tls = "/api/v1/secrets?limit=100&fieldSelector=type%3Dkubernetes.io%2Ftls";
    put(tls, listOf({{{"metadata", {{"name", "tls"}, {"namespace", "shop"}}},
                      {"type", "kubernetes.io/tls"},
                      {"data", {{"tls.crt", "bm90aGluZw=="}, {"tls.key", "aGlkZGVuLWtleQ=="}}}}}));
    auto text = answer("cluster audit --output json");
    EXPECT_THAT(text, HasSubstr("service-account-token-secret"));
    EXPECT_THAT(text, Not(HasSubstr("aGlkZGVu")));
    EXPECT_THAT(asked, Contains(tls));
}

TEST_F(SecurityAuditTest, ComparesWithTheLastRunOfTheSameScope) {
    EXPECT_FALSE(report().contains("previous"));
    clock.advance(1h);
    put("/api/v1/pods?limit=100", listOf(json::array({pod("web", false), pod("late", true)})));
    auto next = report();
    EXPECT_EQ(next["previous"], "2026-11-25T10:00:00Z");
    EXPECT_THAT(checksIn(next["fixed"]), Contains("privileged-container"));
    auto isLate = [](const json& each) { return each["new"] == true && each["object"]["name"] == "late"; };
    EXPECT_TRUE(std::ranges::any_of(next["findings"], isLate));
    EXPECT_FALSE(report(" -n shop").contains("previous")) << "of the namespace there was none";
    EXPECT_TRUE(control.audits.contains("prod/shop"));
}

TEST_F(SecurityAuditTest, KeepsWhatIsNewNewInAnotherFormSoonAfter) {
    report();
    clock.advance(1h);
    put("/api/v1/pods?limit=100", listOf(json::array({pod("web", true), pod("late", true)})));
    for (const char* more : {"", " --grep late", ""}) {
        EXPECT_EQ(report(more)["previous"], "2026-11-25T10:00:00Z") << more;
        clock.advance(3min);
    }
    clock.advance(10min);
    auto next = report();
    EXPECT_EQ(next["previous"], "2026-11-25T11:00:00Z");
    for (const auto& each : next["findings"]) EXPECT_EQ(each["new"], false) << each;
}

TEST_F(SecurityAuditTest, KeepsNoPageAndNoSearchToCompareWith) {
    answer("cluster audit --grep web");
    answer("cluster audit --page 2");
    EXPECT_TRUE(control.audits.empty());
    answer("cluster audit --page 1");
    EXPECT_EQ(control.audits.size(), 1u);
}

TEST_F(SecurityAuditTest, OfAllNamespacesAsksForAllWhateverOneIsChosen) {
    report(" --all -n shop");
    EXPECT_THAT(asked, Contains("/api/v1/pods?limit=100"));
    auto line = operate::parseCommandLine("cluster audit --all -n shop");
    auto request = operate::requiredAccess(control, *operate::findVerb(line->verb), *line, {});
    ASSERT_TRUE(request.place);
    EXPECT_EQ(request.place->ns, "");
}

TEST_F(SecurityAuditTest, AsksForReplicaSetsWithoutWhatIsInThem) {
    report();
    EXPECT_THAT(asked, Contains("/apis/apps/v1/replicasets?limit=100"));
}

TEST_F(SecurityAuditTest, OfOneNamespaceAsksOnlyForThat) {
    put("/api/v1/namespaces/shop", {{"metadata", {{"name", "shop"}}}});
    put("/api/v1/namespaces/shop/pods?limit=100", listOf(json::array({pod("web", true)})));
    auto shop = report(" -n shop");
    EXPECT_THAT(checksIn(shop["findings"]),
                AllOf(Contains("privileged-container"), Contains("network-policy-missing")));
    EXPECT_THAT(asked, Not(Contains(HasSubstr("/api/v1/nodes"))));
    EXPECT_THAT(asked, Not(Contains(StartsWith("/api/v1/pods"))));
}

TEST_F(SecurityAuditTest, OfANamespaceThatThereIsNotIsAnError) {
    refused.emplace("/api/v1/namespaces/shpo", Error(ErrorCode::NotFound, "404 namespaces \"shpo\" not found", "prod"));
    EXPECT_THAT(answer("cluster audit -n shpo"), StartsWith("prod: 404 namespaces \"shpo\" not found"));
    EXPECT_TRUE(control.audits.empty());
}

TEST_F(SecurityAuditTest, LeavesOutWhatIsExemptedAndSaysWhy) {
    control.terms.exemptions.push_back(
        {"privileged-container", "shop", "Pod/web", "it is the node agent", clock.now() + 24h});
    auto text = answer("cluster audit");
    EXPECT_THAT(text, HasSubstr("0 critical"));
    EXPECT_THAT(
        text,
        HasSubstr("exempted until 2026-11-26T10:00:00Z: privileged-container Pod shop/web (it is the node agent)"));
}

TEST_F(SecurityAuditTest, RefusesWordsThatItDoesNotKnow) {
    EXPECT_THAT(answer("cluster audit --severity awful"), HasSubstr("there is no severity \"awful\""));
    EXPECT_THAT(answer("cluster audit --output sariff"), HasSubstr("did you mean sarif?"));
    EXPECT_THAT(answer("cluster audit shop"), HasSubstr("write -n NAMESPACE"));
    EXPECT_TRUE(asked.empty());
}

TEST_F(SecurityAuditTest, NeedsAPermissionOfItsOwnWhereItLooks) {
    auto line = operate::parseCommandLine("cluster audit -n shop");
    operate::Caller caller;
    caller.identity = "feishu:ou_li";
    auto request = operate::requiredAccess(control, *operate::findVerb(line->verb), *line, caller);
    EXPECT_EQ(request.permission, "security");
    ASSERT_TRUE(request.place);
    EXPECT_EQ(request.place->cluster + "/" + request.place->ns, "prod/shop");
    access::Role auditor{"auditor", {{{"read", "security"}, {}, {"shop"}, {}, {}}}};
    auto mayAs = [&](const std::string& role) {
        access::Binding binding{"Li", {"feishu:ou_li"}, {}, role, {}, {}};
        return access::Policy({binding}, {auditor}).decide(request, clock.now()).allowed;
    };
    EXPECT_FALSE(mayAs("viewer"));
    EXPECT_FALSE(mayAs("operator"));
    EXPECT_TRUE(mayAs("admin"));
    EXPECT_TRUE(mayAs("auditor"));
}

}  // namespace
}  // namespace klaw::app
