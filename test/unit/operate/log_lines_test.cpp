#include "agent/operate/log_lines.hpp"

#include <gtest/gtest.h>

namespace klaw::operate {
namespace {

std::string text(const Result<LogAnswer>& answer) {
    return answer ? answer->text : answer.error().describe();
}

const ContainerLog web{"web-0",
                       "2026-11-23T10:00:01Z starts\n"
                       "2026-11-23T10:00:03Z error: no route\n"
                       "2026-11-23T10:00:05.5Z goes on\n"};
const ContainerLog db{"db-0",
                      "2026-11-23T10:00:02.25+00:00 accepts\n"
                      "2026-11-23T10:00:04Z error: full\n"};

TEST(MergeLogs, PutsTheLinesOfSeveralInTheOrderOfTheirTimes) {
    EXPECT_EQ(text(mergeLogs({web, db}, {})),
              "[web-0] starts\n[db-0] accepts\n[web-0] error: no route\n[db-0] error: full\n[web-0] goes on\n");
}

TEST(MergeLogs, ShowsTheLinesOfOneAsTheyWereWritten) {
    EXPECT_EQ(text(mergeLogs({web}, {})), "starts\nerror: no route\ngoes on\n");
    EXPECT_EQ(text(mergeLogs({db}, {.withTimes = true})),
              "2026-11-23T10:00:02.25+00:00 accepts\n2026-11-23T10:00:04Z error: full\n");
}

TEST(MergeLogs, FindsWhatMatchesWithTheLinesAroundIt) {
    ContainerLog log{"a", ""};
    for (char c = 'a'; c <= 'j'; ++c) log.text += std::string("2026-11-23T10:00:00Z ") + c + "\n";
    EXPECT_EQ(text(mergeLogs({log}, {.pattern = "[bi]"})), "b\ni\n");
    EXPECT_EQ(text(mergeLogs({log}, {.pattern = "[bi]", .context = 1})), "a\nb\nc\n--\nh\ni\nj\n");
    EXPECT_EQ(text(mergeLogs({log}, {.pattern = "[bd]", .context = 1})), "a\nb\nc\nd\ne\n");
}

TEST(MergeLogs, KeepsTheLastLinesAndCountsTheOthers) {
    auto answer = mergeLogs({web, db}, {.most = 2});
    EXPECT_EQ(text(answer), "[db-0] error: full\n[web-0] goes on\n");
    EXPECT_EQ(answer->lines, 2u);
    EXPECT_EQ(answer->leftOut, 3u);
}

TEST(MergeLogs, LeavesALineWithoutATimeWhereItsContainerWroteIt) {
    ContainerLog torn{"a", "2026-11-23T10:00:03Z one\n\tat Main.java:7\n2026-11-23T10:00:01Z clock went back\n"};
    EXPECT_EQ(text(mergeLogs({torn, db}, {})),
              "[db-0] accepts\n[a] one\n[a] \tat Main.java:7\n[a] clock went back\n[db-0] error: full\n");
}

TEST(MergeLogs, MasksAKeyThatGoesOverLinesWhereverItBegan) {
    ContainerLog cut{"a",
                     "2026-11-23T10:00:01Z MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"
                     "2026-11-23T10:00:01Z -----END PRIVATE KEY-----\n"
                     "2026-11-23T10:00:02Z goes on\n"};
    auto answer = text(mergeLogs({web, cut}, {.withTimes = true}));
    EXPECT_EQ(answer.find("MIIEvQIBADAN"), std::string::npos) << answer;
    EXPECT_NE(answer.find("goes on"), std::string::npos) << answer;
}

TEST(MergeLogs, RefusesAMalformedPattern) {
    EXPECT_EQ(text(mergeLogs({web}, {.pattern = "("})),
              "--grep: missing ): ( (put a backslash before characters with a meaning)");
}

}  // namespace
}  // namespace klaw::operate
