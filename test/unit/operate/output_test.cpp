#include "agent/operate/output.hpp"

#include <gtest/gtest.h>

namespace klaw::operate {
namespace {

std::string lines(std::size_t count, const std::string& each) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += std::to_string(i) + " " + each + "\n";
    return text;
}

std::string onPage(std::string text, std::size_t number, PageSize size, Page& page) {
    Output output(std::move(text));
    page = cutToPage(output, number, size, "en");
    return output.text;
}

TEST(Pages, OfLongLinesHaveFewerOfThemAndNoneIsLost) {
    auto all = lines(60, std::string(600, 'x'));
    std::string turned;
    Page page;
    for (std::size_t number = 1; number == 1 || number <= page.of; ++number) {
        auto shown = onPage(all, number, {15, 5000}, page);
        EXPECT_LE(shown.size(), 5000u);
        turned += shown;
    }
    EXPECT_EQ(page.of, 8u);
    EXPECT_EQ(turned, all);
}

TEST(Pages, OfShortLinesHaveSixtyOfThem) {
    Page page;
    EXPECT_EQ(onPage(lines(61, "x"), 2, {15, 5000}, page), "60 x\n");
    EXPECT_EQ(page.of, 2u);
}

TEST(Pages, HaveALineThatIsLongerThanAPageAlone) {
    Page page;
    auto text = "a\n" + std::string(9000, 'x') + "\nb\n";
    EXPECT_EQ(onPage(text, 1, {15, 5000}, page), "a\n");
    EXPECT_EQ(onPage(text, 3, {15, 5000}, page), "b\n");
    EXPECT_EQ(page.of, 3u);
}

TEST(Pages, OfATableAreCutByRowsAndBytes) {
    auto table = [](std::size_t cell) {
        Table made{{{"NAME", "名称"}}, {}};
        for (int i = 0; i < 20; ++i) made.rows.push_back({std::string(cell, 'n')});
        return made;
    };
    Output shortRows(table(10), "en"), longRows(table(1000), "en");
    EXPECT_EQ(cutToPage(shortRows, 1, {15, 5000}, "en").of, 2u);
    EXPECT_EQ(shortRows.table->rows.size(), 15u);
    EXPECT_EQ(cutToPage(longRows, 5, {15, 5000}, "en").of, 5u);
    EXPECT_EQ(longRows.table->rows.size(), 4u);
}

}  // namespace
}  // namespace klaw::operate
