#include "agent/access/access.hpp"

#include <gtest/gtest.h>

namespace klaw::access {
namespace {

Policy policy() {
    return Policy({{"Li", {"feishu:ou_li"}, {}, Role::Operator, {}, {"shop", "team-*"}},
                   {"Han", {"feishu:ou_han"}, {}, Role::Admin, {"staging-*"}, {}},
                   {"", {}, {"feishu:oc_all"}, Role::Viewer, {}, {}},
                   {"Root", {"dingtalk:root"}, {}, Role::Admin, {}, {}}});
}

bool may(const std::string& identity, const std::string& permission, std::optional<Place> place = {},
         const std::string& chat = "") {
    return policy().decide({identity, chat, "verb", permission, std::move(place)}).allowed;
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

TEST(Policy, GivesAChatsRoleToWhoeverWritesThere) {
    EXPECT_TRUE(may("feishu:ou_x", "read", Place{"prod", ""}, "feishu:oc_all"));
    EXPECT_FALSE(may("feishu:ou_x", "alerts", {}, "feishu:oc_all"));
    EXPECT_FALSE(may("feishu:ou_x", "read", {}, "feishu:oc_other"));
}

TEST(Policy, DeniesByDefaultAndSaysWhatIsMissing) {
    auto decision = policy().decide({"feishu:ou_x", "", "restart", "workloads", Place{"prod", "shop"}});
    EXPECT_EQ(decision.reason,
              "feishu:ou_x has no role that allows \"restart\" in namespace shop of cluster prod: an "
              "administrator can give one under `access` in the configuration");
    EXPECT_FALSE(policy().decide({"feishu:", "", "ack", "read", {}}).allowed);
    EXPECT_FALSE(policy().decide({"local:", "", "ack", "read", {}}).allowed);
    EXPECT_TRUE(policy().decide({"local:alice", "", "cordon", "nodes", Place{"prod", ""}}).allowed);
}

}  // namespace
}  // namespace klaw::access
