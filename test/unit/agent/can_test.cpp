// Whether somebody may do something, whose approval it would need, and who may give it to others.
#include "agent/operate/catalogue.hpp"
#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class CanTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        control.roles = access::Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}}});
        access::ApprovalRule rule;
        rule.verbs = {"scale", "delete"};
        rule.replicas = 0;
        rule.people = {"Han"};
        rule.roles = {"admin"};
        access::ApprovalRule restarts;
        restarts.verbs = {"restart"};
        restarts.namespaces = {"shop"};
        control.approvalRules = {rule, restarts};
    }
    std::string said(const std::string& command, const std::string& language = "en") {
        auto line = operate::parseCommandLine(command);
        operate::Caller caller;
        caller.identity = "feishu:ou_li";
        caller.language = language;
        auto answer = operate::findVerb("can")->run(control, caller, *line);
        return answer ? answer->text : answer.error().describe();
    }
};

TEST_F(CanTest, SaysWhoseApprovalIsNeeded) {
    EXPECT_THAT(said("can Li scale deploy/web 0 -n shop"), HasSubstr("it must be approved, by Han, the role admin"));
    EXPECT_THAT(said("can Li restart deploy/web -n shop"),
                HasSubstr("it must be approved, by another person who may do it"));
    EXPECT_THAT(said("can Li restart deploy/web -n shop", "zh"), HasSubstr("需要批准，批准人：另一位有此权限的人"));
}

TEST_F(CanTest, SaysNothingOfApprovalsWhereNoneIsNeeded) {
    EXPECT_THAT(said("can Li scale deploy/web 3 -n shop"), Not(HasSubstr("approved")));
    EXPECT_THAT(said("can Li restart deploy/web -n bank"), Not(HasSubstr("approved")));
    EXPECT_THAT(said("can Li cordon node-1"), Not(HasSubstr("approved")));  // who may not needs no approval
    EXPECT_THAT(said("can Li pods shop"), Not(HasSubstr("approved")));
}

TEST_F(CanTest, SaysWhatItDependsOnWhereTheCommandDoesNotTell) {
    control.approvalRules.front().verbs = {"set"};
    EXPECT_THAT(said("can Li set image deploy/web -n shop"),
                HasSubstr("it must be approved where it leaves at most 0 replicas, by Han, the role admin"));
}

class GrantTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        access::Role keeper{"keeper", {{{"read", "access"}, {}, {}, {}, {}}}, {"keepers"}};
        access::Role payer{"payer", {{{"read"}, {}, {}, {}, {}}}, {"payments"}};
        access::Binding wu{"Wu", {"feishu:ou_wu"}, {}, "keeper", {}, {}};
        control.roles = access::Policy({wu, {"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}}, {keeper, payer});
    }
    std::string given(const std::string& who, const std::string& role) {
        auto line = operate::parseCommandLine("grant Li " + role + " 2h -n shop");
        operate::Caller caller;
        caller.identity = who;
        auto answer = operate::findVerb("grant")->preview(control, caller, *line);
        return answer ? *answer : answer.error().describe();
    }
};

TEST_F(GrantTest, NobodyGivesAGroupOfKubernetesThatTheyAreNotIn) {
    EXPECT_THAT(given("feishu:ou_wu", "payer"), HasSubstr("is in the group \"payments\" of Kubernetes"));
    EXPECT_THAT(given("feishu:ou_wu", "keeper"), HasSubstr("role keeper until"));
    EXPECT_THAT(given("feishu:ou_li", "payer"), HasSubstr("role payer until"));  // who may do everything everywhere
    EXPECT_THAT(given("local:root", "payer"), HasSubstr("role payer until"));
}

}  // namespace
}  // namespace klaw::app
