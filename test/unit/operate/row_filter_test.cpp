#include "agent/operate/row_filter.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

Table pods() {
    return {{{"NAME", "名称"}, {"STATUS", "状态"}, {"NODE", "节点"}},
            {{"web-1", "Running", "node-1"},
             {"web-2", "Pending", "<none>"},
             {"cart-1", "Running", "node-2"},
             {"pending-1", "Init:0/1", "node-2"}}};
}

std::string matching(const std::string& pattern) {
    auto table = pods();
    if (auto kept = keepMatching(table, pattern); !kept) return "! " + kept.error().message;
    std::string names;
    for (const auto& row : table.rows) names += (names.empty() ? "" : " ") + row.front();
    return names;
}

TEST(RowFilter, KeepsRowsOfWhichACellMatchesWhateverTheCase) {
    EXPECT_EQ(matching("web"), "web-1 web-2");
    EXPECT_EQ(matching("PENDING"), "web-2 pending-1");
    EXPECT_EQ(matching("^(web|cart)-1$"), "web-1 cart-1");
    EXPECT_EQ(matching("nothing"), "");
    EXPECT_EQ(matching(""), "web-1 web-2 cart-1 pending-1");
}

TEST(RowFilter, LooksInOneColumnWhereItIsNamedInEitherLanguage) {
    EXPECT_EQ(matching("STATUS=Pending"), "web-2");
    EXPECT_EQ(matching("status=pending"), "web-2");
    EXPECT_EQ(matching("状态=Init"), "pending-1");
    EXPECT_EQ(matching("colour=red"), "") << "no column: it is a text like any other";
}

TEST(RowFilter, RefusesWhatIsNoExpression) {
    EXPECT_THAT(matching("web["), testing::StartsWith("! --grep: missing ]"));
    EXPECT_EQ(matching("(a+)+$b"), "") << "takes no longer than a plain text";
}

TEST(RowFilter, FindsNothingOfWhatIsMasked) {
    Table table{{{"MESSAGE", "消息"}}, {{"password=hunter2 was refused"}}};
    ASSERT_TRUE(keepMatching(table, "hunter2"));
    EXPECT_TRUE(table.rows.empty());
}

TEST(RowFilter, OffersTheStatesThatRowsHaveTheMostFrequentFirst) {
    auto table = pods();
    auto states = statesOf(table);
    ASSERT_EQ(states.size(), 3u);
    EXPECT_EQ(states[0], (std::pair<std::string, std::size_t>("Running", 2)));
    EXPECT_EQ(matching(patternOfState(table, "Init:0/1")), "pending-1");
    EXPECT_EQ(matching(patternOfState(table, "Pending")), "web-2");
    table.rows.resize(1);
    EXPECT_TRUE(statesOf(table).empty()) << "one state tells nothing apart";
    EXPECT_TRUE(statesOf({{{"NAME", "名称"}}, {{"a"}, {"b"}}}).empty());
}

}  // namespace
}  // namespace klaw::operate
