#include "agent/access/access.hpp"

#include <gmock/gmock.h>

namespace klaw::access {
namespace {

Policy policy() {
    return Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {"shop", "team-*"}},
                   {"Han", {"feishu:ou_han"}, {}, "admin", {"staging-*"}, {}},
                   {"", {}, {"feishu:oc_all"}, "viewer", {}, {}},
                   {"Root", {"dingtalk:root"}, {}, "admin", {}, {}}});
}

bool may(const std::string& identity, const std::string& permission, std::optional<Place> place = {},
         const std::string& chat = "") {
    return policy().decide({identity, chat, "verb", permission, std::move(place)}, TimePoint()).allowed;
}

TEST(Policy, GivesARoleOnlyInItsPlace) {
    EXPECT_TRUE(may("feishu:ou_li", "workloads", Place{"prod", "shop"}));
    EXPECT_TRUE(may("feishu:ou_li", "workloads", Place{"prod", "team-a"}));
    EXPECT_FALSE(may("feishu:ou_li", "workloads", Place{"prod", "kube-system"}));
    EXPECT_FALSE(may("feishu:ou_li", "workloads", Place{"prod", ""})) << "what is of all namespaces is of none of them";
    EXPECT_FALSE(may("feishu:ou_li", "nodes", Place{"prod", "shop"})) << "an operator's role has no nodes";
    EXPECT_TRUE(may("feishu:ou_han", "nodes", Place{"staging-1", ""}));
    EXPECT_FALSE(may("feishu:ou_han", "nodes", Place{"prod", ""}));
}

TEST(Policy, LetsALimitedRoleReadWhatIsOfNoClusterButNotChangeIt) {
    EXPECT_TRUE(may("feishu:ou_li", "read"));
    EXPECT_FALSE(may("feishu:ou_li", "alerts"));
    EXPECT_FALSE(may("feishu:ou_han", "rules"));
    EXPECT_TRUE(may("dingtalk:root", "rules"));
}

TEST(Policy, LetsLooksAtAReadOnlyClusterButNoChanges) {
    Policy policy({{"Ana", {"feishu:ou_ana"}, {}, "admin", {}, {}}}, {}, {"prod"});
    auto allowed = [&](const std::string& permission) {
        Request request{"feishu:ou_ana", "", permission, permission, Place{"prod", "shop"}, {}};
        return policy.decide(request, TimePoint{}).allowed;
    };
    for (const char* look : {"read", "security", "audit"}) EXPECT_TRUE(allowed(look)) << look;
    EXPECT_FALSE(allowed("scale"));
}

TEST(Policy, GivesAChatsRoleToWhoeverWritesThere) {
    EXPECT_TRUE(may("feishu:ou_x", "read", Place{"prod", ""}, "feishu:oc_all"));
    EXPECT_FALSE(may("feishu:ou_x", "alerts", {}, "feishu:oc_all"));
    EXPECT_FALSE(may("feishu:ou_x", "read", {}, "feishu:oc_other"));
}

TEST(Policy, DeniesByDefaultAndSaysWhatIsMissing) {
    auto decision = policy().decide({"feishu:ou_x", "", "restart", "workloads", Place{"prod", "shop"}}, TimePoint());
    EXPECT_EQ(decision.reason,
              "feishu:ou_x has no role that allows \"restart\" in namespace shop of cluster prod (permission "
              "\"workloads\"): an administrator can give one under `access` in the configuration, or for a while with "
              "`grant`");
    EXPECT_FALSE(policy().decide({"feishu:", "", "ack", "read", {}}, TimePoint()).allowed);
    EXPECT_FALSE(policy().decide({"local:", "", "ack", "read", {}}, TimePoint()).allowed);
    EXPECT_TRUE(policy().decide({"local:alice", "", "cordon", "nodes", Place{"prod", ""}}, TimePoint()).allowed);
}

class OwnRoles : public testing::Test {
protected:
    bool may(const std::string& verb, const std::string& permission, Place place, TimePoint now = TimePoint()) {
        Role deployer{
            "deployer",
            {{{"read"}, {}, {}, {}, {}}, {{"restart", "set"}, {"prod-*"}, {"shop"}, {"deployments"}, {"web-*"}}}};
        Binding binding{"Wu", {"feishu:ou_wu"}, {}, "deployer", {}, {}};
        binding.until = TimePoint(10h);
        Policy policy({binding}, {deployer});
        return policy.decide({"feishu:ou_wu", "", verb, permission, std::move(place)}, now).allowed;
    }
};

TEST_F(OwnRoles, NameVerbsResourcesAndObjects) {
    EXPECT_TRUE(may("restart", "workloads", {"prod-1", "shop", "deployments", "web-1"}));
    EXPECT_FALSE(may("scale", "workloads", {"prod-1", "shop", "deployments", "web-1"})) << "another verb";
    EXPECT_FALSE(may("restart", "workloads", {"prod-1", "shop", "statefulsets", "web-1"})) << "another resource";
    EXPECT_FALSE(may("restart", "workloads", {"prod-1", "shop", "deployments", "db"})) << "another object";
    EXPECT_FALSE(may("restart", "workloads", {"prod-1", "shop", "deployments", ""})) << "all objects";
    EXPECT_FALSE(may("restart", "workloads", {"prod-1", "pay", "deployments", "web-1"})) << "another namespace";
    EXPECT_FALSE(may("restart", "workloads", {"test", "shop", "deployments", "web-1"})) << "another cluster";
    EXPECT_TRUE(may("read", "read", {"test", "pay", "secrets", "db"}));
}

TEST_F(OwnRoles, LetSomebodyAskBeforeTheObjectIsKnown) {
    EXPECT_TRUE(may("restart", "workloads", {"prod-1", "shop", "", "", true}));
    EXPECT_FALSE(may("scale", "workloads", {"prod-1", "shop", "", "", true}));
    EXPECT_FALSE(may("restart", "workloads", {"prod-1", "pay", "", "", true}));
}

TEST_F(OwnRoles, EndWhenTheirTimeIsOver) {
    EXPECT_TRUE(may("read", "read", {"prod-1", "shop"}, TimePoint(10h) - 1ms));
    EXPECT_FALSE(may("read", "read", {"prod-1", "shop"}, TimePoint(10h)));
}

TEST(Policy, SaysWhichEntryAllowsIt) {
    EXPECT_EQ(policy().decide({"feishu:ou_li", "", "restart", "workloads", Place{"prod", "shop"}}, TimePoint()).reason,
              "Li has the role \"operator\"");
    EXPECT_EQ(policy().decide({"feishu:ou_x", "feishu:oc_all", "pods", "read", Place{"prod", ""}}, TimePoint()).reason,
              "whoever writes in this chat has the role \"viewer\"");
}

TEST(Pattern, StarStandsForAnyCharacters) {
    EXPECT_TRUE(matchesPattern("team-*", "team-a"));
    EXPECT_TRUE(matchesPattern("team-*", "team-"));
    EXPECT_TRUE(matchesPattern("*-db-*", "shop-db-db-1"));
    EXPECT_TRUE(matchesPattern("**", ""));
    EXPECT_FALSE(matchesPattern("team-*", "steam-a"));
    EXPECT_FALSE(matchesPattern("*-db", "shop-db-1"));
    EXPECT_FALSE(matchesPattern("", "shop"));
    EXPECT_FALSE(matchesPattern("*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

TEST(PlaceOfPath, NamesNamespaceResourceAndObject) {
    auto of = [](std::string_view path) {
        auto place = placeOfPath("prod", path);
        return place.ns + "|" + place.resource + "|" + place.name;
    };
    EXPECT_EQ(of("/api/v1/namespaces/shop/pods/web-0/log?tailLines=5"), "shop|pods|web-0");
    EXPECT_EQ(of("/api/v1/namespaces/shop/pods?limit=5"), "shop|pods|");
    EXPECT_EQ(of("/apis/apps/v1/namespaces/shop/deployments/web"), "shop|deployments|web");
    EXPECT_EQ(of("/apis/apps/v1/deployments"), "|deployments|");
    EXPECT_EQ(of("/api/v1/nodes/node-1"), "|nodes|node-1");
    EXPECT_EQ(of("/api/v1/namespaces"), "|namespaces|");
    EXPECT_EQ(of("/api/v1/namespaces/shop"), "shop|namespaces|shop");
    EXPECT_EQ(of("/api/v1/namespaces/shop/status"), "shop|namespaces|shop");
    EXPECT_EQ(of("/version"), "||");
    EXPECT_EQ(of("/api/v1/pods?fieldSelector=/namespaces/shop/"), "|pods|");
}

Policy ofDepartments() {
    Binding engineers{"", {}, {}, "operator", {}, {"shop"}};
    engineers.departments = {"feishu_department:od-eng"};
    Binding duty{"", {}, {}, "viewer", {}, {}};
    duty.departments = {"dingtalk_department:42"};
    return Policy({engineers, duty});
}

Request restartBy(const std::string& identity, Membership membership) {
    return {identity, "", "restart", "workloads", Place{"prod", "shop"}, std::move(membership)};
}

TEST(Policy, GivesADepartmentsRoleToWhoeverThePlatformSaysIsInIt) {
    auto member = ofDepartments().decide(restartBy("feishu:ou_li", {{"feishu_department:od-eng"}, ""}), TimePoint());
    EXPECT_TRUE(member.allowed);
    EXPECT_EQ(member.reason, "whoever is in feishu_department:od-eng has the role \"operator\"");
    EXPECT_FALSE(
        ofDepartments().decide(restartBy("feishu:ou_li", {{"feishu_department:od-hr"}, ""}), TimePoint()).allowed);
    EXPECT_FALSE(ofDepartments().decide(restartBy("feishu:ou_li", {}), TimePoint()).allowed);
}

TEST(Policy, TakesNobodyForAMemberWhileTheDirectoryIsSilentAndSaysSo) {
    auto decision =
        ofDepartments().decide(restartBy("feishu:ou_li", {{}, "the directory did not answer"}), TimePoint());
    EXPECT_FALSE(decision.allowed);
    EXPECT_NE(decision.reason.find("which departments they are in: the directory did not answer"), std::string::npos)
        << decision.reason;
    auto elsewhere =
        ofDepartments().decide(restartBy("dingtalk:li", {{}, "the directory did not answer"}), TimePoint());
    EXPECT_EQ(elsewhere.reason.find("directory"), std::string::npos) << "no department of DingTalk may restart";
}

TEST(Policy, KnowsWhetherDepartmentsMatterOnAPlatform) {
    EXPECT_TRUE(ofDepartments().namesDepartments("feishu"));
    EXPECT_TRUE(ofDepartments().namesDepartments("dingtalk"));
    EXPECT_FALSE(policy().namesDepartments("feishu"));
    EXPECT_EQ(ofDepartments().departmentsFor(restartBy("feishu:ou_li", {}), TimePoint()),
              std::vector<std::string>{"feishu_department:od-eng"});
}

TEST(Policy, KnowsOnePersonByAnyOfTheirNames) {
    Policy people({{"", {"feishu:ou_li", "feishu:ou_han"}, {}, "viewer", {}, {}},
                   {"Li", {"feishu:ou_li"}, {}, "operator", {}, {}},
                   {"Li on call", {"feishu:ou_li", "dingtalk:li"}, {}, "admin", {}, {}},
                   {"Han", {"feishu:ou_han"}, {}, "admin", {}, {}}});
    EXPECT_EQ(people.nameOf("feishu:ou_li"), "Li") << "a binding without a name names nobody";
    EXPECT_EQ(people.namesOf("feishu:ou_li"), (std::vector<std::string>{"Li", "Li on call"}));
    EXPECT_TRUE(people.samePerson("feishu:ou_li", "dingtalk:li"));
    EXPECT_TRUE(people.samePerson("dingtalk:li", "feishu:ou_li"));
    EXPECT_FALSE(people.samePerson("feishu:ou_li", "feishu:ou_han")) << "they only share a binding without a name";
}

TEST(Groups, AreThoseOfEntriesAndRolesThatReachThePlace) {
    Role team{"team", {{{"read"}, {}, {}, {}, {}}}, {"all-teams"}};
    Binding everywhere{"Wu", {"feishu:ou_wu"}, {}, "team", {}, {}};
    Binding inShop{"Wu", {"feishu:ou_wu"}, {}, "operator", {"prod-*"}, {"shop"}};
    inShop.groups = {"shopkeepers"};
    Binding ofDepartment{"", {}, {}, "viewer", {}, {}};
    ofDepartment.departments = {"feishu_department:od-1"};
    ofDepartment.groups = {"on-duty"};
    ofDepartment.until = TimePoint(10h);
    Policy policy({everywhere, inShop, ofDepartment}, {team});
    auto groups = [&](Place place, Membership membership = {}, TimePoint now = {}) {
        return policy.groupsOf({"feishu:ou_wu", "", "read", "read", std::move(place), std::move(membership)}, now);
    };
    using testing::ElementsAre;
    EXPECT_THAT(groups({"prod-1", "shop"}), ElementsAre("all-teams", "shopkeepers"));
    EXPECT_THAT(groups({"prod-1", "bank"}), ElementsAre("all-teams"));
    EXPECT_THAT(groups({"prod-1", ""}), ElementsAre("all-teams"));
    EXPECT_THAT(groups({"test", "shop"}, {{"feishu_department:od-1"}, ""}), ElementsAre("all-teams", "on-duty"));
    EXPECT_THAT(groups({"test", "shop"}, {{"feishu_department:od-1"}, ""}, TimePoint(11h)), ElementsAre("all-teams"));
    EXPECT_TRUE(policy.groupsOf({"feishu:ou_other", "", "read", "read", Place{"prod-1", "shop"}}, {}).empty());
}

TEST(Policy, AnAdministratorMayDoEverythingEverywhere) {
    Binding ofOne{"Zhao", {"feishu:ou_zhao"}, {}, "admin", {"prod"}, {}};
    Policy policy(
        {{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}, ofOne, {"Bo", {"feishu:ou_bo"}, {}, "operator", {}, {}}});
    auto isAdministrator = [&](const std::string& identity) {
        return policy.isAdministrator({identity, "", "access", "access"}, {});
    };
    EXPECT_TRUE(isAdministrator("feishu:ou_li"));
    EXPECT_TRUE(isAdministrator("local:root"));
    EXPECT_FALSE(isAdministrator("feishu:ou_zhao"));
    EXPECT_FALSE(isAdministrator("feishu:ou_bo"));
}

TEST(Groups, OfADepartmentMatterWhateverRoleSomebodyHas) {
    Binding own{"Wu", {"feishu:ou_wu"}, {}, "admin", {}, {}};
    Binding ofDepartment{"", {}, {}, "viewer", {}, {}};
    ofDepartment.departments = {"feishu_department:od-1"};
    Request request{"feishu:ou_wu", "", "restart", "workloads", Place{"prod", "shop"}};
    EXPECT_FALSE(Policy({own, ofDepartment}).departmentsMatter(request, {}));
    ofDepartment.groups = {"on-duty"};
    EXPECT_TRUE(Policy({own, ofDepartment}).departmentsMatter(request, {}));
}

}  // namespace
}  // namespace klaw::access
