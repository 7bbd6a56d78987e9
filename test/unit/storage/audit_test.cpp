#include "storage/audit.hpp"

#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "storage/reader.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::commit;
using testing::must;

/// Five rows: t1 … t5.
class AuditLog : public testing::WithDatabase {
protected:
    void SetUp() override {
        Writer writer(open());
        for (int i = 1; i <= 5; ++i) {
            UnitOfWork unit;
            unit.audit = {testing::allowedRestart("t" + std::to_string(i))};
            must(commit(writer, std::move(unit)));
        }
    }
    AuditReport verify(const std::optional<AuditHead>& trusted = std::nullopt) {
        return must(must(Reader::open(file())).verifyAudit(trusted));
    }
    /// As somebody would who has the file and the sqlite3 shell.
    void tamper(const std::string& sql) {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
        auto all =
            "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut; DROP TRIGGER "
            "audit_is_only_appended; " +
            sql;
        ASSERT_EQ(sqlite3_exec(handle, all.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
        sqlite3_close(handle);
    }
    void expectBrokenAt(std::int64_t seq) {
        auto report = verify();
        ASSERT_TRUE(report.broken);
        EXPECT_EQ(report.broken->seq, seq);
        EXPECT_EQ(report.rows, seq - 1);
        EXPECT_FALSE(report.broken->explanation.empty());
    }
};

TEST_F(AuditLog, IsAChainWithoutGaps) {
    auto rows = must(must(Reader::open(file())).audit());
    ASSERT_EQ(rows.size(), 5u);
    EXPECT_EQ(rows.front().seq, 5);  // newest first
    EXPECT_EQ(rows.back().prevHash, std::string(64, '0'));
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i].prevHash, rows[i + 1].hash);
    auto report = verify();
    EXPECT_EQ(report.rows, 5);
    EXPECT_FALSE(report.broken);
    EXPECT_EQ(report.head, (AuditHead{5, rows.front().hash}));
}

TEST_F(AuditLog, GoesOnWhereItStoppedAfterARestart) {
    Writer writer(open());
    UnitOfWork unit;
    unit.audit = {testing::allowedRestart("t6"), testing::allowedRestart("t7")};
    EXPECT_EQ(must(commit(writer, std::move(unit))).auditSeqs, (std::vector<std::int64_t>{6, 7}));
    EXPECT_EQ(verify().rows, 7);
}

TEST(AuditHash, IsWhatTheHeaderDescribes) {
    AuditRow row;
    row.seq = 1;
    row.entry = testing::allowedRestart("prod/web/Deployment/api");
    row.prevHash = std::string(64, '0');
    EXPECT_EQ(auditHash(row), "39ad349f79f930e887e0ddee1b9f4a1ed547353a89094ae647e623935d4ee80f");
}

TEST(AuditHash, TellsApartRowsWhoseFieldsRunTogether) {
    AuditRow one, two;
    one.entry.actor = "ab";
    one.entry.action = "c";
    two.entry.actor = "a";
    two.entry.action = "bc";
    EXPECT_NE(auditHash(one), auditHash(two));
}

TEST_F(AuditLog, RefusesEveryChangeThroughSql) {
    auto database = open();
    for (const auto* sql : {
             "UPDATE audit SET actor = 'nobody' WHERE seq = 3",
             "DELETE FROM audit WHERE seq = 5",
             "DELETE FROM audit",
             "REPLACE INTO audit VALUES (3, 0, '', '', '', '', '', '', '')",
             "INSERT INTO audit VALUES (9, 0, '', '', '', '', '', '', '')",
             "INSERT INTO audit VALUES (NULL, 0, '', '', '', '', '', '', '')",
         }) {
        auto done = database.execute(sql);
        ASSERT_FALSE(done) << sql;
        EXPECT_EQ(done.error().code, ErrorCode::Conflict) << sql;
        EXPECT_NE(done.error().message.find("append only"), std::string::npos) << done.error().message;
    }
    EXPECT_EQ(verify().rows, 5);
}

TEST_F(AuditLog, RefusesReplacementEvenWhereTriggersDoNotSeeIt) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);  // without recursive triggers
    EXPECT_NE(
        sqlite3_exec(handle, "REPLACE INTO audit VALUES (3, 0, '', '', '', '', '', '', '')", nullptr, nullptr, nullptr),
        SQLITE_OK);
    sqlite3_close(handle);
    EXPECT_EQ(verify().rows, 5);
}

class TamperedField : public AuditLog, public ::testing::WithParamInterface<const char*> {};

TEST_P(TamperedField, NamesTheRow) {
    tamper(std::string("UPDATE audit SET ") + GetParam() + " WHERE seq = 3");
    expectBrokenAt(3);
}

INSTANTIATE_TEST_SUITE_P(EveryField, TamperedField,
                         ::testing::Values("at = at + 1", "actor = 'nobody'", "action = 'scale'", "decision = 'denied'",
                                           "target = 't9'", "detail = '{}'", "hash = upper(hash)", "prev_hash = hash"));

TEST_F(AuditLog, MissesARowThatWasTakenOut) {
    tamper("DELETE FROM audit WHERE seq = 3");
    expectBrokenAt(3);
}

TEST_F(AuditLog, NoticesThatLaterRowsWereMovedUp) {
    tamper("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4");
    expectBrokenAt(3);
}

TEST_F(AuditLog, MissesItsFirstRow) {
    tamper("DELETE FROM audit WHERE seq = 1");
    expectBrokenAt(1);
}

TEST_F(AuditLog, NamesTheRowInWhichOneByteOfTheFileWasFlipped) {
    std::stringstream content;
    content << std::ifstream(file(), std::ios::binary).rdbuf();
    auto bytes = content.str();
    // Rows fill a page from its end, so the last t4 of the file need not be in the table; the detail after it is.
    auto place = bytes.find("restartallowedt4{\"replicas\":3}");
    ASSERT_NE(place, std::string::npos);
    std::fstream stream(file(), std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(place) + 3);
    stream.put(static_cast<char>(bytes[place + 3] ^ 0x01));
    stream.close();
    expectBrokenAt(4);
}

TEST_F(AuditLog, ThatWasCutOffOrWrittenAnewDoesNotHoldTheHeadNotedElsewhere) {
    auto noted = must(must(Reader::open(file())).auditHead());
    EXPECT_EQ(noted.seq, 5);
    EXPECT_FALSE(verify(noted).broken);
    EXPECT_FALSE(verify(AuditHead{0, std::string(64, '0')}).broken);
    tamper("DELETE FROM audit WHERE seq > 3");
    EXPECT_FALSE(verify().broken);  // the rest is a sound chain
    auto cut = verify(noted);
    ASSERT_TRUE(cut.broken);
    EXPECT_EQ(cut.broken->seq, 5);
}

TEST_F(AuditLog, ThatWasWrittenAnewDiffersFromTheHeadNotedElsewhere) {
    auto noted = must(must(Reader::open(file())).auditHead());
    std::filesystem::remove(file());
    Writer writer(open());
    for (int i = 1; i <= 6; ++i) {
        UnitOfWork unit;
        unit.audit = {testing::allowedRestart("invented " + std::to_string(i))};
        must(commit(writer, std::move(unit)));
    }
    EXPECT_FALSE(verify().broken);
    auto report = verify(noted);
    ASSERT_TRUE(report.broken);
    EXPECT_EQ(report.broken->seq, 5);
}

TEST_F(AuditLog, KeepsMalformedTextVerifiable) {
    Writer writer(open());
    UnitOfWork unit;
    unit.audit = {{testing::at(1), "feishu:\xFF", "rest\xC3", "denied", "\xED\xA0\x80", "\xF0\x9F"}};
    must(commit(writer, std::move(unit)));
    EXPECT_EQ(verify().rows, 6);
    EXPECT_FALSE(verify().broken);
}

TEST_F(AuditLog, IsListedByWhoWhatAndWhen) {
    Writer writer(open());
    UnitOfWork unit;
    unit.audit = {{testing::at(100), "dingtalk:u1", "silence", "denied", "t6", "{}"}};
    must(commit(writer, std::move(unit)));
    auto reader = must(Reader::open(file()));
    auto count = [&](AuditFilter filter) { return must(reader.audit(filter)).size(); };
    EXPECT_EQ(count({.actor = "dingtalk:u1"}), 1u);
    EXPECT_EQ(count({.action = "restart"}), 5u);
    EXPECT_EQ(count({.since = testing::at(100)}), 1u);
    EXPECT_EQ(count({.until = testing::at(100)}), 5u);
    EXPECT_EQ(count({.limit = 2}), 2u);
}

}  // namespace
}  // namespace klaw::storage
