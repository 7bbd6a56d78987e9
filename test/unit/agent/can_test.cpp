// Whether somebody may do something, and whose approval it would need.
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

}  // namespace
}  // namespace klaw::app
