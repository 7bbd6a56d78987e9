#include "agent/deliver/enrichment_text.hpp"

#include <gtest/gtest.h>

namespace klaw::deliver {
namespace {

const TimePoint now = *parseRfc3339("2026-11-23T10:00:00Z");

TEST(LastLogLines, AreTheLastTwentyMaskedAndHarmless) {
    std::string log;
    for (int i = 1; i <= 25; ++i) log += "line " + std::to_string(i) + "\n";
    log += "\n\x1B[31mpassword=hunter2\x1B[0m <at id=all></at>\n";
    auto lines = lastLogLines(log);
    ASSERT_EQ(lines.size(), 20u);
    EXPECT_EQ(lines.front(), "line 7");
    EXPECT_EQ(lines.back(), "password=*** <at id=all></at>") << "renderers escape it";
}

TEST(LastLogLines, MaskAKeyThatSpansLines) {
    auto lines = lastLogLines("start\n-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\nend\n");
    for (const auto& line : lines) EXPECT_EQ(line.find("MIIEvQ"), line.npos) << line;
    EXPECT_EQ(lines.back(), "end");
}

TEST(LastLogLines, CutALongLineBetweenCharacters) {
    std::string log;
    for (int i = 0; i < 1000; ++i) log += "鱼";
    auto lines = lastLogLines(log);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_LE(lines[0].size(), 400u);
    EXPECT_TRUE(lines[0].ends_with("鱼…")) << lines[0];
    EXPECT_TRUE(lastLogLines("").empty());
}

constexpr auto events = R"({"items":[
  {"involvedObject":{"kind":"Pod","name":"web-0"},"type":"Warning","reason":"BackOff","count":12,
   "message":"restarting, token=abcdefghijklmnop","lastTimestamp":"2026-11-23T09:59:00Z"},
  {"involvedObject":{"kind":"Pod","name":"web-0"},"type":"Normal","reason":"Pulled","series":{"count":3,
   "lastObservedTime":"2026-11-23T09:58:00.5Z"},"eventTime":"2026-11-23T09:50:00.5Z","message":"ok"},
  {"reason":["odd"],"count":-4,"message":7,"involvedObject":null},
  "odd"]})";

TEST(Timeline, IsOldestFirstWithCountsAndMaskedMessages) {
    auto timeline = timelineOf(eventsFrom(events));
    ASSERT_EQ(timeline.size(), 3u) << "of what is odd nothing can be read, so both are the same";
    EXPECT_EQ(timeline[1].reason, "Pulled");
    EXPECT_EQ(timeline[1].count, 3u);
    EXPECT_EQ(timeline[1].at, *parseRfc3339("2026-11-23T09:58:00.5Z"));
    EXPECT_EQ(timeline[2].object, "Pod web-0");
    EXPECT_EQ(timeline[2].count, 12u);
    EXPECT_EQ(timeline[2].message, "restarting, token=***");
}

TEST(Timeline, HasEachEventOnceAndTheLastTen) {
    std::vector<rules::TimelineEvent> many;
    for (int i = 0; i < 30; ++i) {
        rules::TimelineEvent event;
        event.at = now + i * 1s;
        event.reason = "R" + std::to_string(i);
        many.push_back(event);
        many.push_back(event);
    }
    auto timeline = timelineOf(many);
    ASSERT_EQ(timeline.size(), 10u);
    EXPECT_EQ(timeline.front().reason, "R20");
    EXPECT_EQ(timeline.back().reason, "R29");
    EXPECT_TRUE(eventsFrom("no JSON").empty());
    EXPECT_TRUE(eventsFrom(R"({"items":{}})").empty());
}

std::string podOf(const std::string& containers) {
    return R"({"status":{"containerStatuses":[)" + containers + "]}}";
}

TEST(FailedContainer, IsTheOneNamedElseTheFirstThatIsNotWell) {
    auto pod = podOf(R"({"name":"proxy","ready":true},{"name":"app","ready":false})");
    EXPECT_EQ(failedContainerOf(pod, "", now).name, "app");
    EXPECT_EQ(failedContainerOf(pod, "proxy", now).name, "proxy");
    EXPECT_EQ(failedContainerOf(podOf(R"({"name":"a","ready":true},{"name":"b","ready":true})"), "", now).name, "a");
    EXPECT_EQ(failedContainerOf("{}", "", now).name, "");
    EXPECT_EQ(failedContainerOf("[", "app", now).name, "");
}

TEST(FailedContainer, ToldBeforeItsRestartWhenThatIsTheNews) {
    auto previous = [](const std::string& state, const std::string& finished) {
        return failedContainerOf(podOf(R"({"name":"app","ready":false,"state":)" + state +
                                       R"(,"lastState":{"terminated":{"finishedAt":")" + finished + "\"}}}"),
                                 "app", now)
            .previous;
    };
    EXPECT_TRUE(previous(R"({"waiting":{"reason":"CrashLoopBackOff"}})", "2026-11-22T10:00:00Z"));
    EXPECT_TRUE(previous(R"({"running":{}})", "2026-11-23T09:59:30Z"));
    EXPECT_FALSE(previous(R"({"running":{}})", "2026-11-22T10:00:00Z")) << "it has run for a day since";
    EXPECT_FALSE(previous(R"({"terminated":{}})", "2026-11-23T09:59:30Z")) << "what it wrote last is its own end";
}

}  // namespace
}  // namespace klaw::deliver
