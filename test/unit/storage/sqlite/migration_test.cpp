#include "storage/migration.hpp"

#include <sqlite3.h>

#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "storage/sqlite/sqlite_connection.hpp"
#include "storage/sqlite/sqlite_schema.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::must;

/// What a user has in a file of each version. A migration that changes one of these tables adds its rows here.
constexpr const char* contentOfVersion1 = R"sql(
INSERT INTO alerts VALUES ('f1', 'PodCrashLooping', 'prod', 'firing', NULL, 5,
    '{"fingerprint":"f1","rule":"PodCrashLooping","cluster":"prod","severity":2,"firedAt":5,"count":1}');
INSERT INTO meta VALUES ('lastAlive', '5');
INSERT INTO deliveries (id, channel, incident_id, reason, idempotency_key, payload, created_at, not_before, living_card, state, attempts)
    VALUES ('d1', 'oncall', 'i1', 'opened', 'k1', '{}', 5, 5, 1, 'queued', 1);
)sql";
constexpr const char* readingFromVersion6 = "INSERT INTO window_readings VALUES ('f1/6/21600', 3, 5, 0.25, 0, 4)";
constexpr const char* attemptUpToVersion2 =
    "INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome) VALUES ('d1', 1, 5, 'retry_later')";
constexpr const char* attemptFromVersion3 =
    "INSERT INTO delivery_attempts (delivery, number, started_at, outcome) VALUES (1, 1, 5, 'retry_later')";

void run(sqlite3* handle, const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
}

/// A file as the Klaw of that version left it.
void makeFile(const std::string& path, int version) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    for (int step = 1; step <= version; ++step) run(handle, std::string(sqliteSchemaStep(step)));
    if (version > 0) {
        run(handle, "PRAGMA application_id = " + std::to_string(applicationId) +
                        "; PRAGMA user_version = " + std::to_string(version));
        run(handle, contentOfVersion1);
        run(handle, version < 3 ? attemptUpToVersion2 : attemptFromVersion3);
        if (version >= 6) run(handle, readingFromVersion6);
        AuditRow row{1, testing::allowedRestart("prod/web/Deployment/api"), std::string(64, '0'), {}};
        run(handle, "INSERT INTO audit VALUES (1, " + std::to_string(toUnixNanos(row.entry.at)) +
                        ", 'feishu:ou_1', 'restart', 'allowed', 'prod/web/Deployment/api', '{\"replicas\":3}', '" +
                        row.prevHash + "', '" + auditHash(row) + "')");
    }
    sqlite3_close(handle);
}

std::string schemaOf(Database& database) {
    std::string schema;
    must(database.query("SELECT name, sql FROM sqlite_schema ORDER BY name",
                        [&](const Statement& row) { schema += row.text(0) + ": " + row.text(1) + "\n"; }));
    return schema;
}

class OlderDatabase : public testing::WithDatabase, public ::testing::WithParamInterface<int> {};

TEST_P(OlderDatabase, IsBroughtUpToDateWithWhatIsInIt) {
    makeFile(file(), GetParam());
    auto database = open();
    EXPECT_EQ(must(database.integer("PRAGMA user_version")), newestVersion());
    auto fresh = must(Database::open(":memory:"));
    EXPECT_EQ(schemaOf(database), schemaOf(fresh));
    if (GetParam() == 0) return;
    auto state = must(loadState(database, {}));
    ASSERT_EQ(state.alerts.size(), 1u);
    EXPECT_EQ(state.alerts[0].severity, rules::Severity::Critical);
    ASSERT_EQ(state.deliveries.size(), 1u);
    EXPECT_EQ(state.deliveries[0].idempotencyKey, "k1");
    EXPECT_EQ(state.meta["lastAlive"], "5");
    EXPECT_EQ(state.readings.size(), GetParam() >= 6 ? 1u : 0u);
    EXPECT_EQ(must(Reader(open()).deliveriesOf("i1")).at(0).attempts.size(), 1u);
    auto report = must(Reader(std::move(database)).verifyAudit());
    EXPECT_EQ(report.rows, 1);
    EXPECT_FALSE(report.broken);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, OlderDatabase, ::testing::Range(0, newestVersion() + 1));

using MigrationOfFile = testing::WithDatabase;

TEST_F(MigrationOfFile, ThatWasInterruptedIsTakenUpWhereItStopped) {
    makeFile(file(), 1);
    {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
        run(handle, "BEGIN IMMEDIATE");
        run(handle, std::string(sqliteSchemaStep(2)));
        sqlite3_close(handle);  // without COMMIT, as a process that was killed
    }
    auto database = open();
    EXPECT_EQ(must(database.integer("PRAGMA user_version")), newestVersion());
}

TEST_F(MigrationOfFile, IsRefusedForANewerSchema) {
    makeFile(file(), newestVersion());
    must(open().execute("PRAGMA user_version = 4711"));
    auto opened = Database::open(file());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
    EXPECT_NE(opened.error().message.find("newer Klaw (schema 4711, this one knows"), std::string::npos)
        << opened.error().message;
    EXPECT_EQ(opened.error().place, file());
}

TEST_F(MigrationOfFile, IsRefusedForTheFileOfAnotherProgram) {
    {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
        run(handle, "CREATE TABLE recipes (name TEXT)");
        sqlite3_close(handle);
    }
    auto opened = Database::open(file());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
    EXPECT_NE(opened.error().message.find("another program"), std::string::npos);
}

TEST_F(MigrationOfFile, IsLeftToTheAgentByReaders) {
    makeFile(file(), 1);
    auto reader = Reader::open(file());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::Unsupported);
    EXPECT_NE(reader.error().message.find("older schema (1)"), std::string::npos);
    open();
    EXPECT_TRUE(Reader::open(file()));
}

}  // namespace
}  // namespace klaw::storage
