#include "storage/database.hpp"

#include <map>

#include "storage/transaction.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::must;

using StatementTest = testing::WithDatabase;
using TransactionTest = testing::WithDatabase;

TEST_F(StatementTest, StoresMalformedTextAsValidUtf8AndZerosAsTheyAre) {
    auto database = open();
    std::string nul("a\0b", 3);
    ASSERT_TRUE(
        database.run("INSERT INTO meta (key, value) VALUES ('bad', ?), ('nul', ?)", std::string("a\xFFz"), nul));
    std::map<std::string, std::string> values;
    ASSERT_TRUE(database.query("SELECT key, value FROM meta",
                               [&](const Statement& row) { values[row.text(0)] = row.text(1); }));
    EXPECT_EQ(values["bad"], "a\xEF\xBF\xBDz");
    EXPECT_EQ(values["nul"], nul);
}

TEST_F(StatementTest, ReportsAParameterThatDoesNotExist) {
    auto database = open();
    EXPECT_FALSE(database.run("INSERT INTO meta (key, value) VALUES ('a', ?)", "b", "one too many"));
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM meta")), 0);
}

TEST_F(StatementTest, OfTheSameTextCanBeInUseTwice) {
    auto database = open();
    ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES ('a', '1'), ('b', '2')"));
    std::string seen;
    ASSERT_TRUE(database.query("SELECT key FROM meta ORDER BY key", [&](const Statement& outer) {
        ASSERT_TRUE(database.query("SELECT key FROM meta ORDER BY key",
                                   [&](const Statement& inner) { seen += outer.text(0) + inner.text(0) + " "; }));
    }));
    EXPECT_EQ(seen, "aa ab ba bb ");
}

TEST_F(TransactionTest, LeavesNothingWithoutItsCommit) {
    auto database = open();
    {
        auto transaction = must(Transaction::begin(database));
        ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES ('a', 'b')"));
    }
    EXPECT_FALSE(database.inTransaction());
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM meta")), 0);
}

TEST_F(TransactionTest, LosesOnlyTheSavepointThatIsNotReleased) {
    auto database = open();
    auto transaction = must(Transaction::begin(database));
    auto put = [&](std::string_view key, bool keep) {
        auto savepoint = must(Savepoint::begin(database));
        ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES (?, '')", key));
        if (keep) must(savepoint.release());
    };
    put("a", true);
    put("b", false);
    put("c", true);
    ASSERT_TRUE(transaction.commit());
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM meta WHERE key IN ('a', 'c')")), 2);
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM meta")), 2);
}

}  // namespace
}  // namespace klaw::storage
