#include "base/text/line_diff.hpp"

#include <gtest/gtest.h>

namespace klaw {
namespace {

std::string lines(int from, int to) {
    std::string text;
    for (int i = from; i <= to; ++i) text += std::to_string(i) + "\n";
    return text;
}

TEST(LineDiff, OfEqualTextsIsEmpty) {
    EXPECT_EQ(lineDiff("", ""), "");
    EXPECT_EQ(lineDiff("a\nb\n", "a\nb\n"), "");
}

TEST(LineDiff, ShowsThreeLinesAroundAChange) {
    auto after = lines(1, 4) + "five\n" + lines(6, 10);
    EXPECT_EQ(lineDiff(lines(1, 10), after), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(LineDiff, HasAHunkForEachPlace) {
    auto after = "zero\n" + lines(1, 19);
    EXPECT_EQ(lineDiff(lines(1, 20), after),
              "@@ -1,3 +1,4 @@\n+zero\n 1\n 2\n 3\n@@ -17,4 +18,3 @@\n 17\n 18\n 19\n-20\n");
}

TEST(LineDiff, JoinsChangesThatAreNear) {
    EXPECT_EQ(lineDiff("a\nb\nc\nd\ne\n", "A\nb\nc\nd\nE\n"), "@@ -1,5 +1,5 @@\n-a\n+A\n b\n c\n d\n-e\n+E\n");
}

TEST(LineDiff, OfAllOrNothingCountsFromZero) {
    EXPECT_EQ(lineDiff("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(lineDiff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

}  // namespace
}  // namespace klaw
