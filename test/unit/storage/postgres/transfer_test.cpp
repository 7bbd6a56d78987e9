#include "storage/transfer.hpp"

#include <set>
#include <sstream>

#include "storage/audit_log.hpp"
#include "storage/leadership.hpp"
#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "test/unit/storage/postgres/server.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::commit;
using testing::must;
using testing::server;

constexpr int day = 24 * 3600;

/// A row at least in each table, as the agent writes them.
UnitOfWork oneOfEach() {
    rules::Silence silence;
    silence.id = "s1";
    silence.matchers = {{"rule", rules::Matcher::Kind::Equal, "x"}};
    silence.endsAt = at(100);
    rules::EventCounter counter;
    counter.cluster = "prod";
    counter.eventUid = "e1";
    counter.seen = counter.increase = 3;
    counter.at = at(100);
    auto unit = testing::transition(1);
    unit.inbound = {{"message-1", at(1)}};
    unit.silences = {silence};
    unit.silenceCopies = {{"s1", "west", "r1", at(100)}};
    unit.counters = {counter};
    unit.readings = {{"f1/6", 0, {at(100), 0.1, 1e300, 1}}};
    unit.objectChanges = {{"prod", "Deployment", "shop", "web", "replicas: 1 → 2", "kubectl", at(100)}};
    unit.ruleRevisions = {{.name = "workloads", .author = "ann", .source = "apply", .at = at(0), .text = "rules: []"}};
    unit.offers = {testing::restartOffer("nonce", at(600))};
    unit.deliveryStarts = {{unit.newDeliveries[0].id, {}, at(70)}};
    unit.meta = {{"alive", std::string("nul \0 and 中文", 17)}};
    return unit;
}

class Transfer : public testing::WithDatabase {
protected:
    void SetUp() override {
        Writer writer(must(Database::open(source())));
        must(commit(writer, oneOfEach()));
        must(commit(writer,
                    testing::resultOf(oneOfEach().newDeliveries[0].id, AttemptOutcome::Delivered, at(71), "om_1")));
        for (int i = 2; i < 250; ++i) must(commit(writer, testing::transition(i)));
    }
    std::string source() const { return directory_.file("klaw.db"); }
    Result<TransferReport> run() {
        OpenOptions impatient;
        impatient.busyTimeout = 50ms;
        auto from = must(Database::open(source()));
        auto to = open(impatient);
        return transfer(from, to);
    }
    /// All of a database as text.
    static std::string dump(Database& database) {
        std::ostringstream text;
        text.precision(17);
        for (const auto& table : tables()) {
            auto sql = "SELECT " + std::string(table.columns) + " FROM " + std::string(table.name) + " ORDER BY " +
                       std::string(table.key);
            must(database.query(sql, [&](const Statement& row) {
                text << table.name;
                for (std::size_t i = 0; i < table.kinds.size(); ++i) {
                    auto column = static_cast<int>(i);
                    text << '|';
                    if (row.isNull(column))
                        text << "NULL";
                    else if (table.kinds[i] == 'r')
                        text << row.real(column);
                    else
                        text << row.text(column);
                }
                text << '\n';
            }));
        }
        return text.str();
    }

    testing::TemporaryDirectory directory_;
};

TEST_F(Transfer, CopiesEveryRowOfEveryTableAsItIs) {
    auto report = must(run());
    for (const auto& table : report.tables)
        if (table.table != "audit_anchors") EXPECT_GT(table.rows, 0) << table.table;
    EXPECT_EQ(report.audit.rows, 249);
    EXPECT_FALSE(report.audit.broken);
    auto from = must(Database::open(source())), to = open();
    EXPECT_EQ(dump(to), dump(from));
    RecoveryHorizon all{at(0), at(0), at(0), at(0)};
    EXPECT_EQ(must(loadState(to, all)).meta, must(loadState(from, all)).meta);
}

TEST_F(Transfer, KnowsEveryTableAndColumnOfTheSchema) {
    auto database = must(Database::open(source()));
    std::set<std::string> there, known;
    must(
        database.query("SELECT m.name, count(*) FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = "
                       "'table' GROUP BY m.name",
                       [&](const Statement& row) {
                           if (row.text(0) != "leadership") there.insert(row.text(0) + "/" + row.text(1));
                       }));
    for (const auto& table : tables()) known.insert(std::string(table.name) + "/" + std::to_string(table.kinds.size()));
    EXPECT_EQ(known, there);
}

TEST_F(Transfer, LeavesADatabaseThatGoesOn) {
    must(run());
    Writer writer(open());
    auto again = testing::transition(1000);
    again.counters = oneOfEach().counters;
    again.objectChanges = oneOfEach().objectChanges;
    EXPECT_EQ(must(commit(writer, std::move(again))).auditSeqs, std::vector<std::int64_t>{250});
    EXPECT_EQ(must(must(Reader::open(location())).verifyAudit()).rows, 250);
    auto database = open();
    for (const auto* sql : {"UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"})
        EXPECT_EQ(database.execute(sql).error().code, ErrorCode::Conflict) << "the log is guarded again";
}

TEST_F(Transfer, CopiesALogThatWasCut) {
    {
        Writer writer(must(Database::open(source())));
        RetentionLimits limits;
        limits.audit = 3 * 24h;
        must(testing::prune(writer, at(100 * day), limits));
    }
    auto report = must(run());
    EXPECT_FALSE(report.audit.broken);
    ASSERT_TRUE(report.audit.anchor);
    EXPECT_EQ(must(must(Reader::open(location())).verifyAudit()).anchor->seq, report.audit.anchor->seq);
}

TEST_F(Transfer, GoesOnWithTheTermOfTheFile) {
    {
        auto database = must(Database::open(source()));
        must(takeLeadership(database, {"a", 41}, at(5)));
    }
    must(run());
    auto database = open();
    EXPECT_EQ(must(takeLeadership(database, {"b"}, at(6))).term, 42);
}

TEST_F(Transfer, IsRefusedWhereSomethingIs) {
    {
        Writer writer(open());
        must(commit(writer, testing::transition(1)));
    }
    auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("not empty"), std::string::npos) << refused.error().message;
    EXPECT_EQ(must(open().integer("SELECT count(*) FROM alerts")), 1);
}

TEST_F(Transfer, IsRefusedWhereAnAgentWrites) {
    auto agent = open();
    must(agent.connection().keepOthersOut());
    auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("another agent"), std::string::npos) << refused.error().message;
}

TEST_F(Transfer, ThatFailsHalfWayLeavesNothingAndCanBeRunAgain) {
    open();
    database_->tamper(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
        "'disk_full'; END $$; CREATE TRIGGER fails BEFORE INSERT ON meta FOR EACH ROW EXECUTE FUNCTION fail()");
    auto failed = run();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(must(open().integer("SELECT count(*) FROM alerts")), 0);
    database_->tamper("DROP TRIGGER fails ON meta");
    EXPECT_TRUE(run());
}

TEST_F(Transfer, SaysOfABrokenLogThatItIsBroken) {
    {
        auto database = must(Database::open(source()));
        must(database.execute("DROP TRIGGER audit_is_never_changed; UPDATE audit SET actor = 'nobody' WHERE seq = 3"));
    }
    auto report = must(run());
    ASSERT_TRUE(report.audit.broken);
    EXPECT_EQ(report.audit.broken->seq, 3);
}

}  // namespace
}  // namespace klaw::storage
