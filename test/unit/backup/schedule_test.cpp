#include <gtest/gtest.h>

#include "agent/backup/schedule.hpp"

namespace klaw::backup {
namespace {

TimePoint at(const char* text) {
    return *parseRfc3339(text);
}

Schedule cron(const char* text, const char* zone = "UTC") {
    return {CronSchedule::parse(text).value(), TimeZone::find(zone), std::nullopt};
}

RunHistory good(TimePoint begun) {
    return {at("2026-11-01T00:00:00Z"), begun, begun + 1min, begun, false};
}

TEST(BackupScheduleTest, FollowsTheClocksOfItsZone) {
    auto next = nextRun(cron("0 2 * * *", "Asia/Shanghai"), good(at("2026-11-25T18:00:00Z")));
    EXPECT_EQ(next, at("2026-11-26T18:00:00Z"));
}

TEST(BackupScheduleTest, MissedRunsAreMadeUpOnce) {
    auto next = nextRun(cron("0 2 * * *"), good(at("2026-11-20T02:00:00Z")));
    EXPECT_EQ(next, at("2026-11-21T02:00:00Z"));  // in the past: at once
    EXPECT_EQ(nextRun(cron("0 2 * * *"), good(at("2026-11-26T09:30:00Z"))), at("2026-11-27T02:00:00Z"));
}

TEST(BackupScheduleTest, FirstRunOfACronScheduleWaitsForItsTimeAndOneOfAnIntervalDoesNot) {
    RunHistory never;
    never.knownSince = at("2026-11-26T10:00:00Z");
    EXPECT_EQ(nextRun(cron("0 2 * * *"), never), at("2026-11-27T02:00:00Z"));
    EXPECT_EQ(nextRun({std::nullopt, nullptr, 24h}, never), never.knownSince);
    EXPECT_EQ(nextRun({}, never), std::nullopt);
}

TEST(BackupScheduleTest, FailedRunIsTriedAgainSoonAndAnInterruptedOneAtOnce) {
    auto begun = at("2026-11-26T02:00:00Z");
    auto failed = good(begun);
    failed.failed = true;
    EXPECT_EQ(nextRun(cron("0 2 * * *"), failed), begun + 1min + retryAfterFailure);
    auto interrupted = good(begun);
    interrupted.ended = begun - 24h;
    EXPECT_EQ(nextRun(cron("0 2 * * *"), interrupted), begun);
    interrupted.interruptions = 2;  // it may be what ends the agent
    EXPECT_EQ(nextRun(cron("0 2 * * *"), interrupted), begun + retryAfterFailure);
}

TEST(BackupRetentionTest, KeepsTheLastAndTheYoungAndTouchesNothingElse) {
    std::vector<StoredFile> files;
    for (const char* name : {"nightly-20261120T020000Z.jsonl.gz", "nightly-20261121T020000Z.jsonl.gz.enc",
                             "nightly-20261124T020000Z.jsonl.gz", "nightly-20261125T020000Z.jsonl.gz",
                             "nightly-20261119T020000Z.jsonl.gz.partial", "nightly-notes.txt",
                             "nightly-2-20261101T020000Z.jsonl.gz", "nightly_part-20261101T020000Z.jsonl.gz"})
        files.push_back({name, 1});
    auto now = at("2026-11-25T12:00:00Z");
    EXPECT_EQ(outdated(files, "nightly", {2, std::nullopt}, now),
              (std::vector<std::string>{"nightly-20261121T020000Z.jsonl.gz.enc", "nightly-20261120T020000Z.jsonl.gz"}));
    EXPECT_EQ(outdated(files, "nightly", {1, Duration(5 * 24h)}, now),
              std::vector<std::string>{"nightly-20261120T020000Z.jsonl.gz"});
    EXPECT_EQ(outdated(files, "nightly", {}, now), std::vector<std::string>());
    EXPECT_EQ(outdated(files, "nightly", {std::nullopt, Duration(1h)}, now).size(), 3u);  // the newest stays
}

}  // namespace
}  // namespace klaw::backup
