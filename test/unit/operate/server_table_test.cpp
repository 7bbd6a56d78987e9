#include "agent/operate/server_table.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

using testing::ElementsAre;

TEST(ServerTable, HasTheColumnsThatPeopleSeeAndWhereItGoesOn) {
    auto page = readTable(R"({"metadata":{"continue":"more"},
        "columnDefinitions":[{"name":"Name","priority":0},{"name":"Ready","priority":0},{"name":"IP","priority":1}],
        "rows":[{"cells":["web-0","1/1","10.0.0.1"],"object":{"metadata":{"namespace":"shop"}}}]})",
                          true);
    ASSERT_TRUE(page);
    EXPECT_THAT(page->table.rows, ElementsAre(ElementsAre("shop", "web-0", "1/1")));
    EXPECT_EQ(page->continueToken, "more");
    EXPECT_FALSE(readTable(R"({"kind":"PodList"})", false));
}

TEST(ServerTable, JoinsThoseOfSeveralClustersByTheirHeadings) {
    Table joined;
    appendOf("old", {{{"NAME", "NAME"}, {"AGE", "AGE"}}, {{"a", "1d"}}}, joined);
    appendOf("new", {{{"NAME", "NAME"}, {"STATUS", "STATUS"}, {"AGE", "AGE"}}, {{"b", "Running", "2d"}}}, joined);
    std::vector<std::string> headings;
    for (const auto& column : joined.columns) headings.push_back(column.en);
    EXPECT_THAT(headings, ElementsAre("CLUSTER", "NAME", "AGE", "STATUS"));
    EXPECT_THAT(joined.rows, ElementsAre(ElementsAre("old", "a", "1d", ""), ElementsAre("new", "b", "2d", "Running")));
}

}  // namespace
}  // namespace klaw::operate
