#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/cli/doctor_agent.hpp"
#include "agent/cli/doctor_network.hpp"
#include "agent/cli/doctor_report.hpp"
#include "agent/cli/doctor_rights.hpp"
#include "agent/cli/doctor_storage.hpp"
#include "storage/database.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;

const TimePoint now = *parseRfc3339("2026-11-27T10:00:00Z");

/// "warning cluster.watches: …" of the first finding of that check.
std::string of(const DoctorReport& report, const std::string& check) {
    static constexpr const char* names[] = {"ok", "unknown", "warning", "failed"};
    for (const auto& finding : report.findings())
        if (finding.check == check)
            return std::string(names[static_cast<int>(finding.condition)]) + ": " + finding.evidence;
    return "nothing";
}

DoctorReport ofMetrics(const std::string& text, const std::vector<app::BackupConfig>& backups = {},
                       const Limits& limits = {}) {
    DoctorReport report;
    auto page = MetricsPage::read(text);
    EXPECT_TRUE(page);
    if (page) judgeMetrics(*page, backups, now, limits, report);
    return report;
}

TEST(DoctorReport, ShowsATableAndWhatToDoAboutWhatIsNotFine) {
    DoctorReport report;
    report.ok("a", {"one", "一"}, "fine");
    report.add(Condition::Failed, "b", {"two", "二"}, "broken", {"mend it", "修好它"});
    EXPECT_EQ(report.text("en"),
              "STATE    CHECK   EVIDENCE\nok       one     fine\nFAILED   two     broken\n\nWhat to do:\n- two: mend "
              "it\n\n1 ok, 0 warnings, 1 failed, 0 unknown\n");
    EXPECT_NE(report.text("zh").find("- 二：修好它\n"), std::string::npos);
    EXPECT_TRUE(report.anyFailed());
}

TEST(DoctorReport, HasOneObjectForEachCheckAsJson) {
    DoctorReport report;
    report.ok("a", {"one", "一"}, "fine");
    report.add(Condition::Warning, "b", {"two", "二"}, "soon", {"mend it", "修好它"});
    auto json = nlohmann::json::parse(report.json("zh"));
    EXPECT_EQ(json["warnings"], 1);
    EXPECT_EQ(json["checks"][1]["state"], "warning");
    EXPECT_EQ(json["checks"][1]["subject"], "二");
    EXPECT_EQ(json["checks"][1]["remedy"], "修好它");
    EXPECT_FALSE(report.anyFailed());
}

TEST(DoctorReport, ShowsNoSecretAndOneLineOfWhatOthersWrote) {
    DoctorReport report;
    report.ok("a", {"one", "一"}, "postgres://app:hunter2@db:5432/x\nnext \x1b[31m");
    EXPECT_EQ(report.findings()[0].evidence.find("hunter2"), std::string::npos);
    EXPECT_NE(report.findings()[0].evidence.find("; next [31m"), std::string::npos);
}

TEST(DoctorOfReadiness, NamesWhatIsNotOfAClusterAndFailsWhereNotReady) {
    DoctorReport ready, troubled, unready;
    judgeReadiness(200, "ready\nleads by the lease klaw/klaw\n", ready);
    EXPECT_EQ(of(ready, "agent.ready"), "ok: ready; leads by the lease klaw/klaw");
    judgeReadiness(200, "ready\nchat ops: not connected\n", troubled);
    EXPECT_EQ(of(troubled, "agent.ready"), "warning: ready; chat ops: not connected");
    judgeReadiness(503, "not ready\ncluster main: not synced yet\n", unready);
    EXPECT_EQ(of(unready, "agent.ready"), "failed: not ready");
}

TEST(DoctorOfState, JoinsWatchesThatFailForOneReason) {
    DoctorReport report;
    EXPECT_TRUE(judgeState(R"({"clusters": [{"name": "main", "version": "v1.36.3", "ready": true, "objects": 7,
        "problems": ["pods: 403 forbidden", "nodes: 403 forbidden"]}]})",
                           report));
    EXPECT_EQ(of(report, "cluster.watch"), "warning: v1.36.3, 7 objects; pods, nodes: 403 forbidden");
    EXPECT_NE(report.findings().back().remedy.en.find("klaw access rbac"), std::string::npos);
}

TEST(DoctorOfState, FailsForAClusterThatIsNotSynced) {
    DoctorReport report;
    judgeState(R"({"clusters": [{"name": "main", "ready": false, "objects": 0, "problems": []}]})", report);
    EXPECT_EQ(of(report, "cluster.watch"), "failed: no version, 0 objects, not synced");
}

TEST(DoctorOfState, FailsForAChannelWhoseCardsWaitAfterAnError) {
    DoctorReport report;
    judgeState(R"({"channels": [{"name": "ops", "kind": "webhook", "queued": 2, "delivered": 5, "refused": 0,
        "lastError": "connection refused"}]})",
               report);
    EXPECT_EQ(of(report, "channel"),
              "failed: webhook, 5 delivered, 0 refused, 2 waiting; last error: connection refused");
}

TEST(DoctorOfState, KnowsAStandby) {
    DoctorReport report;
    EXPECT_FALSE(judgeState(R"({"standby": true, "text": "this replica is a standby: a leads"})", report));
    EXPECT_EQ(of(report, "agent.role"), "ok: this replica is a standby: a leads");
}

TEST(DoctorOfState, FailsForWhatIsNoAgent) {
    DoctorReport report;
    EXPECT_FALSE(judgeState("<html>", report));
    EXPECT_TRUE(report.anyFailed());
}

TEST(DoctorOfRules, NamesThoseThatSeeNothingByReason) {
    DoctorReport report;
    judgeRules(R"({"rows": [{"rule": "A", "remark": ""}, {"rule": "B", "remark": "unavailable: no metrics"},
        {"rule": "C", "remark": "unavailable: no metrics"}, {"rule": "D", "remark": "no such key"}]})",
               report);
    EXPECT_EQ(of(report, "rules"), "ok: 1 run");
    EXPECT_EQ(of(report, "rules.unavailable"), "warning: B and 1 more: unavailable: no metrics");
    EXPECT_EQ(of(report, "rules.errors"), "warning: D: no such key");
}

TEST(DoctorOfRules, JoinsThoseThatSeeNothingForOneReason) {
    DoctorReport report;
    judgeRules(R"({"rows": [{"rule": "A", "remark": "unavailable: pods of main: refused"},
        {"rule": "B", "remark": "unavailable: nodes of main: refused"}]})",
               report);
    EXPECT_EQ(of(report, "rules.unavailable"), "warning: A and 1 more: unavailable: pods of main: refused");
    EXPECT_EQ(report.findings().size(), 2U);
}

TEST(DoctorOfMetrics, SeesWatchesThatFail) {
    auto report = ofMetrics(
        "klaw_watch_failing{cluster=\"main\",resource=\"pods\"} 0\n"
        "klaw_watch_failing{cluster=\"main\",resource=\"nodes\"} 1\n");
    EXPECT_EQ(of(report, "cluster.watches"), "warning: failing: nodes");
}

TEST(DoctorOfMetrics, SeesADatabaseThatCannotBeWritten) {
    auto report = ofMetrics("klaw_storage_queued 12\nklaw_storage_degraded 1\n");
    EXPECT_EQ(of(report, "storage.writing"), "failed: it cannot be written; 12 units wait");
}

TEST(DoctorOfMetrics, SeesTokensThatEnd) {
    auto at = [](Duration in) {
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>((now + in).time_since_epoch()).count();
        return "klaw_token_expiry_timestamp_seconds{cluster=\"main\"} " + std::to_string(seconds) + "\n";
    };
    EXPECT_EQ(of(ofMetrics(at(1h)), "cluster.token"), "ok: ends 2026-11-27T11:00:00Z");
    EXPECT_EQ(of(ofMetrics(at(5min)), "cluster.token"), "warning: ends 2026-11-27T10:05:00Z");
    EXPECT_EQ(of(ofMetrics(at(-1h)), "cluster.token"), "failed: ends 2026-11-27T09:00:00Z");
}

TEST(DoctorOfMetrics, SeesBudgetsOfCallsThatRunOut) {
    auto report = ofMetrics("klaw_month_calls{account=\"ops\"} 4500\nklaw_month_calls_left{account=\"ops\"} 500\n");
    EXPECT_EQ(of(report, "chat.budget"), "warning: 4500 used, 500 left");
}

TEST(DoctorOfMetrics, ComparesMemoryAndFilesWithTheirLimits) {
    auto page = "process_resident_memory_bytes 104857600\nprocess_open_fds 1000\nprocess_max_fds 1024\n";
    auto report = ofMetrics(page, {}, {120.0 * (1 << 20)});
    EXPECT_EQ(of(report, "agent.memory"), "warning: 100 MiB of 120 MiB");
    EXPECT_EQ(of(report, "agent.files"), "failed: 1000 of 1024");
    EXPECT_EQ(of(ofMetrics(page), "agent.memory"), "ok: 100 MiB, no limit found here");
}

TEST(DoctorOfMetrics, SeesBackupsThatAreLate) {
    app::BackupConfig backup;
    backup.name = "nightly";
    backup.schedule.every = 24h;
    auto at = [](Duration before) {
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>((now - before).time_since_epoch()).count();
        return "klaw_backup_last_success_timestamp_seconds{name=\"nightly\"} " + std::to_string(seconds) + "\n";
    };
    EXPECT_TRUE(of(ofMetrics(at(20h), {backup}), "backup").starts_with("ok: "))
        << of(ofMetrics(at(20h), {backup}), "backup");
    EXPECT_TRUE(of(ofMetrics(at(50h), {backup}), "backup").starts_with("warning: "));
    EXPECT_TRUE(of(ofMetrics("", {backup}), "backup").starts_with("warning: none was made yet"));
}

TEST(DoctorOfMetrics, LooksForNoBackupsAtAStandby) {
    app::BackupConfig backup;
    backup.name = "nightly";
    backup.schedule.every = 24h;
    EXPECT_EQ(of(ofMetrics("klaw_leader 0\n", {backup}), "backup"), "nothing");
}

/// Until 2036-11-24.
constexpr auto clientCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUSTmjSA6sELvCV+dZWWrZJ2EhOlIwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEa2xhdzAeFw0yNjExMjcwNjIxMTVaFw0zNjExMjQwNjIxMTVa
MA8xDTALBgNVBAMMBGtsYXcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT0DiLv
UFILIaflAwiDkq7ax6g+CrnFSm44dP4LudGUIsmQV3bU57u9DlTgAcM8bFgvkN3i
+/G48L6ORL7cZ4Zgo1MwUTAdBgNVHQ4EFgQUUEnXeT0qYmdiQ0ahbkoPBEsScf4w
HwYDVR0jBBgwFoAUUEnXeT0qYmdiQ0ahbkoPBEsScf4wDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiEAlhsIVLeB7eUiqdWzVKcpzCD3rvsjaZR53ePW
E5rEmHsCIHZEvMVtZEHsjQpIzlSlO4RzBLGHVTPU4cfiwsgrWHFF
-----END CERTIFICATE-----
)";

TEST(DoctorOfClientCertificates, FailsForOneThatHasEndedAndWarnsInItsLastWeek) {
    auto at = [](const char* time) {
        DoctorReport report;
        judgeClientCertificate("prod", clientCertificate, *parseRfc3339(time), report);
        return of(report, "cluster.client_certificate");
    };
    EXPECT_EQ(at("2026-11-27T10:00:00Z"), "ok: ends 2036-11-24T06:21:15Z");
    EXPECT_EQ(at("2036-11-20T10:00:00Z"), "warning: ends 2036-11-24T06:21:15Z");
    EXPECT_EQ(at("2036-11-25T10:00:00Z"), "failed: ends 2036-11-24T06:21:15Z");
}

TEST(DoctorOfClientCertificates, FailsForWhatIsNone) {
    DoctorReport report;
    judgeClientCertificate("prod", "nothing of the kind", now, report);
    EXPECT_TRUE(of(report, "cluster.client_certificate").starts_with("failed: "));
}

TEST(DoctorOfMetrics, SeesAnAgentOfAnotherVersion) {
    EXPECT_TRUE(of(ofMetrics("klaw_build_info{version=\"0.0.1\"} 1\n"), "agent.version").starts_with("warning: "));
}

const std::vector<operate::RbacPart> someParts{
    {"watch", "rules about objects", operate::RbacProfile::ReadOnly, false, {{"", {"pods"}, {"list", "watch"}}}},
    {"logs", "logs on cards", operate::RbacProfile::ReadOnly, false, {{"", {"pods/log"}, {"get"}}}},
    {"secrets", "names of Secrets", std::nullopt, false, {{"", {"secrets"}, {"list"}}}},
    {"restart", "restart", operate::RbacProfile::Operator, true, {{"apps", {"deployments"}, {"get", "patch"}}}}};

DoctorReport ofRights(const std::string& status) {
    DoctorReport report;
    judgeRights("main", R"({"status": )" + status + "}", someParts, report);
    return report;
}

TEST(DoctorOfRights, NamesTheCommandsThatMayChangeTheCluster) {
    EXPECT_EQ(of(ofRights(R"({"resourceRules": [
                  {"verbs": ["list", "watch"], "apiGroups": [""], "resources": ["pods"]},
                  {"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]},
                  {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]}]})"),
                 "cluster.rights"),
              "ok: of the commands that change the cluster: restart");
}

TEST(DoctorOfRights, WarnsWhereSomethingCannotBeReadThatKlawReadsByDefault) {
    EXPECT_EQ(of(ofRights(R"({"resourceRules": [
                  {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
                  {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}]})"),
                 "cluster.rights"),
              "warning: rules about objects (watch): lacks watch pods");
}

TEST(DoctorOfRights, DoNotCountForObjectsOfACertainName) {
    EXPECT_EQ(of(ofRights(R"({"resourceRules": [
                  {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["web"]}]})"),
                 "cluster.rights"),
              "warning: rules about objects (watch): lacks list pods, watch pods");
}

TEST(DoctorOfRights, AreUnknownWhereAnAuthorizerCannotListThem) {
    EXPECT_EQ(of(ofRights(R"({"resourceRules": [], "incomplete": true})"), "cluster.rights"),
              "unknown: the API server does not list all of them; at least no command that changes the cluster");
    EXPECT_EQ(of(ofRights("{}"), "cluster.rights"), "unknown: the API server does not tell");
}

TEST(DoctorOfClocks, WarnsBeyondTenSecondsAndFailsWhereCallbacksAreRefused) {
    auto condition = [](Duration skew) {
        DoctorReport report;
        judgeClock("clock", {"clock", "时钟"}, skew, report);
        return of(report, "clock");
    };
    EXPECT_EQ(condition(-1s), "ok: within 2 s");
    EXPECT_EQ(condition(30s), "warning: 30 s ahead");
    EXPECT_EQ(condition(-400s), "failed: 400 s behind");
}

TEST(DoctorOfClocks, ReadsTheDateOfAnAnswer) {
    EXPECT_EQ(instantOf("Fri, 27 Nov 2026 10:00:00 GMT"), now);
    EXPECT_EQ(instantOf("yesterday"), std::nullopt);
}

class DoctorOfStorage : public testing::Test {
protected:
    void SetUp() override {
        directory = std::filesystem::path(testing::TempDir()) / "doctor";
        std::filesystem::remove_all(directory);
        std::filesystem::create_directories(directory);
        ::chmod(directory.c_str(), 0700);
    }
    storage::Location location() const { return storage::Location((directory / "klaw.db").string()); }
    std::filesystem::path directory;
};

TEST_F(DoctorOfStorage, FailsWhereThereIsNoDirectory) {
    DoctorReport report;
    examineDirectory(directory / "none", report);
    EXPECT_TRUE(of(report, "data.directory").starts_with("failed: "));
}

TEST_F(DoctorOfStorage, WarnsOfATokenThatOthersMayRead) {
    std::ofstream(directory / "token") << "secret";
    ::chmod((directory / "token").c_str(), 0644);
    DoctorReport report;
    examineDirectory(directory, report);
    EXPECT_EQ(of(report, "data.permissions"), "warning: others may read: " + (directory / "token").string() + " (644)");
}

TEST_F(DoctorOfStorage, FindsADatabaseOfTheNewestSchemaSound) {
    ASSERT_TRUE(storage::Database::open(location()));
    DoctorReport report;
    examineDatabase(location(), now, report);
    EXPECT_TRUE(of(report, "storage.schema").starts_with("ok: ")) << of(report, "storage.schema");
    EXPECT_EQ(of(report, "storage.audit"), "ok: the newest 0 rows hold");
    EXPECT_EQ(of(report, "storage.outbox"), "ok: 0 wait; none has arrived yet");
}

TEST_F(DoctorOfStorage, FailsForARowOfTheAuditLogThatIsNotAsItWasWritten) {
    {
        auto database = storage::Database::open(location());
        ASSERT_TRUE(database);
        ASSERT_TRUE(
            database->run("INSERT INTO audit (seq, at, actor, action, decision, target, detail, prev_hash, hash) "
                          "VALUES (1, 0, 'a', 'b', 'c', 'd', '{}', 'x', 'y')"));
    }
    DoctorReport report;
    examineDatabase(location(), now, report);
    EXPECT_EQ(of(report, "storage.audit"), "failed: row 1 is not as it was written");
}

TEST_F(DoctorOfStorage, FailsWhereCardsAreOverdue) {
    {
        auto database = storage::Database::open(location());
        ASSERT_TRUE(database);
        ASSERT_TRUE(
            database->run("INSERT INTO deliveries (id, channel, incident_id, reason, idempotency_key, payload, "
                          "created_at, not_before, "
                          "living_card, state) VALUES ('d', 'ops', 'i', 'opened', 'k', '{}', ?1, ?1, 0, 'queued')",
                          now - 10min));
    }
    DoctorReport report;
    examineDatabase(location(), now, report);
    EXPECT_EQ(of(report, "storage.outbox"), "failed: 1 wait, due for 10m; none has arrived yet");
}

TEST_F(DoctorOfStorage, FailsForAFileThatIsNoDatabase) {
    std::ofstream(directory / "klaw.db") << std::string(4096, 'x');
    DoctorReport report;
    examineDatabase(location(), now, report);
    EXPECT_TRUE(of(report, "storage.open").starts_with("failed: "));
}

}  // namespace
}  // namespace klaw::cli
