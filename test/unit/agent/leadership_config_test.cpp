#include <gmock/gmock.h>

#include "agent/app/config.hpp"

namespace klaw::app {
namespace {

using testing::HasSubstr;

std::string firstError(const std::string& yaml) {
    auto report = parseConfig("klaw.yaml", yaml);
    return report.ok() ? "" : report.errors.front().describe();
}

TEST(LeadershipConfig, IsThereOnlyWhereItIsConfigured) {
    EXPECT_FALSE(parseConfig("klaw.yaml", "language: en").config.leadership);
}

TEST(LeadershipConfig, HasTimesByWhichAnotherLeadsWithinFifteenSeconds) {
    auto report = parseConfig("klaw.yaml", "leadership: {lease: klaw/agent}");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    const auto& leadership = *report.config.leadership;
    EXPECT_EQ(leadership.leaseNamespace, "klaw");
    EXPECT_EQ(leadership.leaseName, "agent");
    EXPECT_EQ(leadership.cluster, "");
    EXPECT_EQ(leadership.lasts, Duration(10s));
    EXPECT_EQ(leadership.renewWithin, Duration(6s));
    EXPECT_EQ(leadership.retry, Duration(2s));
}

TEST(LeadershipConfig, TakesTimesAndNamesOfItsOwn) {
    ::setenv("KLAW_TEST_POD", "klaw-0", 1);
    auto report = parseConfig("klaw.yaml", R"(
clusters: [{name: main, kubeconfig: /etc/klaw/kubeconfig}]
leadership: {lease: ops/klaw, cluster: main, identity_env: KLAW_TEST_POD, duration: 3s, renew: 2s, retry: 500ms})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.leadership->identity, "klaw-0");
    EXPECT_EQ(report.config.leadership->cluster, "main");
    EXPECT_EQ(report.config.leadership->retry, Duration(500ms));
}

TEST(LeadershipConfig, RefusesWhatIsNoLease) {
    for (const auto* lease : {"klaw", "/klaw", "klaw/", "a/b/c"})
        EXPECT_THAT(firstError(std::string("leadership: {lease: \"") + lease + "\"}"),
                    HasSubstr("write NAMESPACE/NAME"));
    EXPECT_THAT(firstError("leadership: {duration: 10s}"), HasSubstr("add `lease: NAMESPACE/NAME`"));
}

TEST(LeadershipConfig, RefusesTimesWithWhichTwoCouldLeadOrOneHasOneTryOnly) {
    EXPECT_THAT(firstError("leadership: {lease: a/b, renew: 10s}"), HasSubstr("shorter than `duration`"));
    EXPECT_THAT(firstError("leadership: {lease: a/b, renew: 9500ms}"), HasSubstr("shorter than `duration`"));
    EXPECT_THAT(firstError("leadership: {lease: a/b, duration: 10500ms}"), HasSubstr("no whole seconds"));
    EXPECT_THAT(firstError("leadership: {lease: a/b, retry: 4s}"), HasSubstr("try twice"));
    EXPECT_THAT(firstError("leadership: {lease: a/b, retry: 0s}"), HasSubstr("try twice"));
}

TEST(LeadershipConfig, RefusesAClusterThatIsNotThereOrWhoseKubeconfigIsInASecret) {
    EXPECT_THAT(firstError("clusters: [{name: a, kubeconfig: /a}]\nleadership: {lease: a/b, cluster: c}"),
                HasSubstr("there is no cluster \"c\""));
    EXPECT_THAT(firstError("clusters: [{name: a, kubeconfig: /a}, {name: c, secret: {namespace: n, name: s}}]\n"
                           "leadership: {lease: a/b, cluster: c}"),
                HasSubstr("in a Secret"));
}

TEST(LeadershipConfig, SharesClustersOnlyWhereThatIsSaid) {
    auto report = parseConfig("klaw.yaml", "leadership: {lease: klaw/agent}");
    EXPECT_FALSE(report.config.leadership->share);
}

TEST(LeadershipConfig, SharesClustersByAnAddressAndAToken) {
    ::setenv("KLAW_TEST_ADDRESS", "10.0.0.7:8080", 1);
    ::setenv("KLAW_TEST_SHARE_TOKEN", "secret", 1);
    auto report = parseConfig("klaw.yaml", R"(
leadership: {lease: a/b, share: {address_env: KLAW_TEST_ADDRESS, token_env: KLAW_TEST_SHARE_TOKEN}})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.leadership->share->address, "http://10.0.0.7:8080");
    EXPECT_EQ(report.config.leadership->share->token, "secret");
    report = parseConfig("klaw.yaml", R"(
leadership: {lease: a/b, share: {address: "https://klaw-0.klaw/", token_env: KLAW_TEST_SHARE_TOKEN}})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.leadership->share->address, "https://klaw-0.klaw");
}

TEST(LeadershipConfig, RefusesAShareThatNobodyReachesOrThatEverybodyCanRead) {
    ::setenv("KLAW_TEST_SHARE_TOKEN", "secret", 1);
    EXPECT_THAT(firstError("leadership: {lease: a/b, share: {token_env: KLAW_TEST_SHARE_TOKEN}}"),
                HasSubstr("address_env"));
    EXPECT_THAT(firstError("leadership: {lease: a/b, share: {address: \"http://a\"}}"), HasSubstr("token_file"));
}

}  // namespace
}  // namespace klaw::app
