#include <gmock/gmock.h>

#include "agent/app/config.hpp"

namespace klaw::app {
namespace {

using testing::HasSubstr;

ConfigReport parsed(const std::string& backups) {
    return parseConfig("klaw.yaml", "clusters: [{name: prod}]\nbackups:\n" + backups);
}

std::string errorOf(const std::string& backups) {
    auto report = parsed(backups);
    return report.ok() ? "none" : report.errors.front().describe();
}

TEST(BackupConfigTest, ReadsEverythingThatABackupIs) {
    auto report = parsed(R"(
  - name: nightly
    cluster: prod
    namespaces: [shop, pay]
    schedule: "0 2 * * *"
    time_zone: Asia/Shanghai
    keep: {last: 7, days: 30}
    to: {directory: archives}
    encryption: {passphrase: hush}
  - name: off-site
    every: 24h
    to: {s3: {endpoint: "https://s3.example.com", bucket: b, prefix: klaw/, region: eu-central-1,
              access_key: {namespace: klaw, name: s3, key: id}, secret_key: {namespace: klaw, name: s3, key: secret}}}
)");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    const auto& nightly = report.config.backups.at(0);
    EXPECT_EQ(nightly.namespaces, (std::vector<std::string>{"shop", "pay"}));
    EXPECT_EQ(nightly.keep.last, 7u);
    EXPECT_EQ(nightly.keep.age, Duration(30 * 24h));
    EXPECT_EQ(nightly.directory, "archives");
    EXPECT_TRUE(nightly.schedule.cron && nightly.schedule.zone);
    EXPECT_EQ(nightly.secrets(), BackupConfig::Secrets::Encrypted);
    const auto& away = report.config.backups.at(1);
    EXPECT_EQ(away.s3->prefix, "klaw/");
    EXPECT_EQ(away.credentials.region, "eu-central-1");
    EXPECT_EQ(away.secretKeyFrom->key, "secret");
    EXPECT_EQ(away.schedule.every, Duration(24h));
    EXPECT_EQ(away.secrets(), BackupConfig::Secrets::LeaveOut);
}

TEST(BackupConfigTest, SecretsAreInPlainArchivesOnlyWhereItSaysSo) {
    EXPECT_EQ(parsed("  - {name: a, to: {directory: d}, secrets: plain}").config.backups.at(0).secrets(),
              BackupConfig::Secrets::Plain);
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, secrets: encrypted}"), HasSubstr("there is no passphrase"));
}

TEST(BackupConfigTest, SaysWhatIsWrong) {
    EXPECT_THAT(errorOf("  - {name: Night Ly, to: {directory: d}}"), HasSubstr("without a proper name"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}}\n  - {name: a, to: {directory: d}}"),
                HasSubstr("there twice"));
    EXPECT_THAT(errorOf("  - {name: a_part, to: {directory: d}}"), HasSubstr("those of parts"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, encryption: {passphrase: ''}}"),
                HasSubstr("passphrase is empty"));
    EXPECT_THAT(errorOf("  - {name: a}"), HasSubstr("has no place"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, schedule: \"61 * * * *\"}"), HasSubstr("schedule"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, schedule: \"0 2 * * *\", every: 1h}"), HasSubstr("at once"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, every: 5s}"), HasSubstr("once a minute"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, time_zone: Mars/Base}"), HasSubstr("no time zone"));
    EXPECT_THAT(errorOf("  - {name: a, cluster: none, to: {directory: d}}"), HasSubstr("no cluster \"none\""));
    EXPECT_THAT(errorOf("  - {name: a, to: {s3: {endpoint: s3.example.com, bucket: b, access_key: a, secret_key: b}}}"),
                HasSubstr("no address"));
    EXPECT_THAT(errorOf("  - {name: a, to: {s3: {endpoint: \"https://s3.example.com\", bucket: b}}}"),
                HasSubstr("no credentials"));
    EXPECT_THAT(errorOf("  - {name: a, to: {directory: d}, keep: {last: 0}}"), HasSubstr("1 or more"));
}

}  // namespace
}  // namespace klaw::app
