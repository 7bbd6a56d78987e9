#include "storage/database.hpp"

#include "storage/leadership.hpp"
#include "storage/migration.hpp"
#include "storage/postgres/postgres_text.hpp"
#include "storage/reader.hpp"
#include "test/unit/storage/postgres/server.hpp"

namespace klaw::storage {
namespace {

using testing::must;
using testing::server;

class PostgresDatabase : public testing::WithDatabase {};

TEST_F(PostgresDatabase, HasTheSchemaOfTheNewestVersion) {
    auto database = open();
    EXPECT_EQ(must(database.connection().schemaVersion()), newestVersion());
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM alerts")), 0);
    open();  // and is opened again
}

TEST_F(PostgresDatabase, IsNotMadeByAReader) {
    auto reader = Reader::open(location());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(must(Database::open(location())).engine(), Engine::Postgres);
}

TEST_F(PostgresDatabase, OfANewerKlawIsRefused) {
    must(open().connection().setSchemaVersion(4711));
    auto opened = Database::open(location());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
    EXPECT_NE(opened.error().message.find("newer Klaw (schema 4711"), std::string::npos) << opened.error().message;
}

TEST_F(PostgresDatabase, OfAnotherProgramIsRefused) {
    database_->tamper("CREATE TABLE audit (id int)");
    auto opened = Database::open(location());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
}

TEST_F(PostgresDatabase, InAnotherEncodingIsRefused) {
    server().run(server().url(), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    auto url = server().url();
    url.replace(url.find("/postgres?"), 10, "/latin?");
    auto opened = Database::open(must(Location::postgres(url)));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
    EXPECT_NE(opened.error().message.find("LATIN1"), std::string::npos) << opened.error().message;
}

TEST_F(PostgresDatabase, CannotBeWrittenThroughAReadOnlyConnection) {
    open();
    OpenOptions readOnly;
    readOnly.mode = OpenOptions::Mode::ReadOnly;
    auto database = open(readOnly);
    auto written = database.run("INSERT INTO meta (key, value) VALUES ('a', 'b')");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::PermissionDenied);
}

TEST_F(PostgresDatabase, IsDurableAlsoWhereTheServerIsSetNotToBe) {
    server().run(server().url(), "ALTER ROLE klaw SET synchronous_commit = off");
    std::string setting;
    must(open().query("SHOW synchronous_commit", [&](const Statement& row) { setting = row.text(0); }));
    server().run(server().url(), "ALTER ROLE klaw RESET synchronous_commit");
    EXPECT_EQ(setting, "on");
}

TEST_F(PostgresDatabase, KeepsASecondAgentOutUntilTheFirstIsGone) {
    {
        auto first = open();
        ASSERT_TRUE(first.connection().keepOthersOut());
        OpenOptions impatient;
        impatient.busyTimeout = 10ms;
        auto second = open(impatient);
        auto refused = second.connection().keepOthersOut();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    }
    auto third = open();
    EXPECT_TRUE(third.connection().keepOthersOut());
}

TEST_F(PostgresDatabase, RefusesToEmptyTheAuditLog) {
    auto database = open();
    for (const auto* table : {"audit", "audit_anchors"})
        EXPECT_EQ(database.execute(std::string("TRUNCATE ") + table).error().code, ErrorCode::Conflict) << table;
}

TEST_F(PostgresDatabase, ReadsDifferentDatabasesWithTheirOwnConnections) {
    auto other = must(Location::postgres(server().newSchema()));
    must(Database::open(other)).run("INSERT INTO meta (key, value) VALUES ('a', 'other')");
    open().run("INSERT INTO meta (key, value) VALUES ('a', 'this')");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(must(must(Reader::open(other)).meta("a")), "other");
        EXPECT_EQ(must(must(Reader::open(location())).meta("a")), "this");
    }
}

TEST(PostgresLocation, ShowsNoSecret) {
    auto location = must(Location::postgres("postgresql://klaw:p%40ss@db.example:5433/klaw?sslpassword=x"));
    EXPECT_EQ(location.place(), "postgresql://db.example:5433/klaw");
}

TEST(PostgresLocation, ThatIsNoneIsRefusedWithoutRepeatingIt) {
    for (const auto* url : {"", "klaw.db", "mysql://secret@host/db", "host=db password=secret"}) {
        auto location = Location::postgres(url);
        ASSERT_FALSE(location) << url;
        EXPECT_EQ(location.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(location.error().describe().find("secret"), std::string::npos);
    }
}

TEST(PostgresLocation, ThatDoesNotAnswerSaysSoWithoutItsSecrets) {
    auto database = Database::open(must(Location::postgres("postgresql://klaw:secret@127.0.0.1:1/klaw")));
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(database.error().describe().find("secret"), std::string::npos) << database.error().describe();
}

TEST(PostgresText, IsWhatItWas) {
    using namespace std::string_literals;
    for (const auto& text : {""s, "plain"s, "a\0b"s, "\0\0"s, "\xF4\x8F\xBF\xBE"s, "\xF4\x8F\xBF\xBE\0"s,
                             "\xF4\x8F\xBF\xBE"
                             "0"s,
                             "\xF4\x8F\xBF"s}) {
        auto stored = toPostgresText(text);
        EXPECT_EQ(stored.find('\0'), std::string::npos);
        EXPECT_EQ(fromPostgresText(stored), text);
    }
}

TEST(PostgresText, NumbersTheParametersOfAStatement) {
    EXPECT_EQ(withPostgresParameters("SELECT ? , ?"), "SELECT $1 , $2");
    EXPECT_EQ(withPostgresParameters("SELECT ?2, ?12 || '?' FROM \"a?\""), "SELECT $2, $12 || '?' FROM \"a?\"");
}

}  // namespace
}  // namespace klaw::storage
