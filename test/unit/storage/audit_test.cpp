#include "storage/audit.hpp"

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
        return must(must(Reader::open(location())).verifyAudit(trusted));
    }
    void tamper(const std::string& sql) {
        database_->dropAuditTriggers();
        database_->tamper(sql);
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
    auto rows = must(must(Reader::open(location())).audit());
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
             "INSERT INTO audit VALUES (3, 0, '', '', '', '', '', '', '')",
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

TEST_F(AuditLog, ThatWasCutOffOrWrittenAnewDoesNotHoldTheHeadNotedElsewhere) {
    auto noted = must(must(Reader::open(location())).auditHead());
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
    auto noted = must(must(Reader::open(location())).auditHead());
    database_ = testing::makeTestDatabase();
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
    auto reader = must(Reader::open(location()));
    auto count = [&](AuditFilter filter) { return must(reader.audit(filter)).size(); };
    EXPECT_EQ(count({.actor = "dingtalk:u1"}), 1u);
    EXPECT_EQ(count({.action = "restart"}), 5u);
    EXPECT_EQ(count({.since = testing::at(100)}), 1u);
    EXPECT_EQ(count({.until = testing::at(100)}), 5u);
    EXPECT_EQ(count({.limit = 2}), 2u);
}

TEST_F(AuditLog, IsListedByPeopleOutcomePlaceAndObject) {
    Writer writer(open());
    UnitOfWork unit;
    auto row = [](const char* actor, const char* decision, const char* target) {
        return AuditEntry{testing::at(1), actor, "scale", decision, target, "{}"};
    };
    unit.audit = {row("feishu:a", "done", "prod/shop/Deployment/web"), row("dingtalk:a", "denied", "prod/shop"),
                  row("feishu:b", "done", "prod/Node/n1"), row("feishu:b", "done", "test/shop/Deployment/web-2"),
                  row("klaw", "done", "")};
    must(commit(writer, std::move(unit)));
    auto reader = must(Reader::open(location()));
    auto seqs = [&](AuditFilter filter) {
        filter.action = "scale";
        std::vector<std::int64_t> all;
        for (const auto& row : must(reader.audit(filter))) all.push_back(row.seq);
        return all;
    };
    using Seqs = std::vector<std::int64_t>;
    EXPECT_EQ(seqs({.actors = {"feishu:a", "dingtalk:a"}}), (Seqs{7, 6}));
    EXPECT_EQ(seqs({.decision = "denied"}), (Seqs{7}));
    EXPECT_EQ(seqs({.cluster = "prod"}), (Seqs{8, 7, 6}));
    EXPECT_EQ(seqs({.cluster = "pro"}), Seqs{});
    EXPECT_EQ(seqs({.ns = "shop"}), (Seqs{9, 7, 6}));
    EXPECT_EQ(seqs({.object = "Deployment/web"}), (Seqs{6}));
    EXPECT_EQ(seqs({.object = "web-2"}), (Seqs{9}));
    EXPECT_EQ(seqs({.skip = 3}), (Seqs{7, 6}));
    EXPECT_EQ(seqs({.limit = 2, .oldestFirst = true, .after = 6}), (Seqs{7, 8}));
}

/// Ten rows, one a day from day 0; kept for three days.
class CutAuditLog : public testing::WithDatabase {
protected:
    static constexpr int day = 24 * 3600;
    void SetUp() override {
        for (int i = 0; i < 10; ++i) {
            UnitOfWork unit;
            unit.audit = {{testing::at(i * day), "klaw", "restart", "done", "t" + std::to_string(i + 1), "{}"}};
            must(commit(writer, std::move(unit)));
        }
    }
    std::uint64_t cut(int seconds) {
        RetentionLimits limits;
        limits.audit = 3 * 24h;
        return must(testing::prune(writer, testing::at(seconds), limits)).audit;
    }
    AuditReport verify(const std::optional<AuditHead>& trusted = std::nullopt) {
        return must(must(Reader::open(location())).verifyAudit(trusted));
    }
    AuditRow rowNumber(std::int64_t seq) {
        return must(must(Reader::open(location())).audit({.limit = 1, .oldestFirst = true, .after = seq - 1})).at(0);
    }
    Writer writer{open()};
};

TEST_F(CutAuditLog, GoesOnFromTheAnchorAndTellsOfIt) {
    auto last = rowNumber(6);
    EXPECT_EQ(cut(9 * day), 6u) << "rows 1 to 6 are older than three days";
    auto report = verify();
    EXPECT_FALSE(report.broken) << report.broken->explanation;
    EXPECT_EQ(report.rows, 5) << "7 to 10, and that of the cut itself";
    ASSERT_TRUE(report.anchor);
    EXPECT_EQ(report.anchor->seq, 6);
    EXPECT_EQ(report.anchor->hash, last.hash);
    auto told = rowNumber(11);
    EXPECT_EQ(told.entry.action, auditRetention);
    EXPECT_EQ(told.entry.detail, R"({"hash":")" + last.hash + R"(","removedUpTo":6})");
}

TEST_F(CutAuditLog, IsCutOnceADayAndAgainLater) {
    EXPECT_EQ(cut(3 * day), 0u) << "nothing is older";
    EXPECT_EQ(cut(4 * day), 0u) << "a day's worth waits for more";
    EXPECT_EQ(cut(4 * day + 1), 2u);
    EXPECT_EQ(cut(4 * day + 2), 0u);
    EXPECT_EQ(cut(9 * day), 4u);
    EXPECT_FALSE(verify().broken);
    EXPECT_EQ(verify().anchor->seq, 6);
}

TEST_F(CutAuditLog, NeverLosesItsEnd) {
    EXPECT_EQ(cut(1000 * day), 10u);
    EXPECT_FALSE(verify().broken);
    UnitOfWork unit;
    unit.audit = {testing::allowedRestart("t11")};
    EXPECT_EQ(must(commit(writer, std::move(unit))).auditSeqs, (std::vector<std::int64_t>{13}));
    EXPECT_FALSE(verify().broken);
}

TEST_F(CutAuditLog, ComparesWithWhatWasNotedBeforeAsFarAsItIsThere) {
    auto removed = rowNumber(5), anchor = rowNumber(6), kept = rowNumber(7);
    cut(9 * day);
    EXPECT_FALSE(verify(AuditHead{7, kept.hash}).broken);
    EXPECT_FALSE(verify(AuditHead{6, anchor.hash}).broken);
    EXPECT_EQ(verify(AuditHead{6, kept.hash}).broken->explanation, "the row is not the one that was noted earlier");
    EXPECT_EQ(verify(AuditHead{5, removed.hash}).broken->explanation,
              "the row that was noted earlier is one of those that retention has removed");
}

TEST_F(CutAuditLog, RefusesAnyOtherCut) {
    cut(9 * day);
    auto database = open();
    for (const auto* sql : {
             "DELETE FROM audit WHERE seq = 7",
             "DELETE FROM audit_anchors",
             "UPDATE audit_anchors SET hash = 'x'",
             "INSERT INTO audit_anchors VALUES (8, 'not its hash', 0)",
             "INSERT INTO audit_anchors SELECT seq, hash, 0 FROM audit ORDER BY seq DESC LIMIT 1",
             "INSERT INTO audit_anchors SELECT 5, hash, 0 FROM audit WHERE seq = 7",
         }) {
        auto done = database.execute(sql);
        ASSERT_FALSE(done) << sql;
        EXPECT_EQ(done.error().code, ErrorCode::Conflict) << sql;
    }
    EXPECT_FALSE(verify().broken);
}

TEST_F(CutAuditLog, NoticesACutThatItDoesNotTellOf) {
    cut(9 * day);
    {
        auto database = open();
        must(
            database.execute("INSERT INTO audit_anchors SELECT seq, hash, 0 FROM audit WHERE seq = 8; DELETE FROM "
                             "audit WHERE seq <= 8"));
    }
    auto report = verify();
    ASSERT_TRUE(report.broken);
    EXPECT_EQ(report.broken->seq, 9);
    EXPECT_EQ(report.broken->explanation, "the rows before it are gone, and the log does not say why");
}

}  // namespace
}  // namespace klaw::storage
