#include "base/cron_schedule.hpp"

#include <gmock/gmock.h>

namespace klaw {
namespace {

using testing::HasSubstr;

std::string next(std::string_view schedule, std::string_view after, std::string_view zone = "UTC") {
    auto parsed = CronSchedule::parse(schedule);
    if (!parsed) return parsed.error().describe();
    auto start = parsed->nextAfter(*parseRfc3339(after), *TimeZone::find(zone));
    return start ? formatRfc3339(*start) : "never";
}

TEST(CronSchedule, StartsAtTheNextMinuteHourAndDayThatMatch) {
    EXPECT_EQ(next("30 2 * * *", "2026-11-24T00:00:00Z"), "2026-11-24T02:30:00Z");
    EXPECT_EQ(next("30 2 * * *", "2026-11-24T02:30:00Z"), "2026-11-25T02:30:00Z") << "after, not at";
    EXPECT_EQ(next("*/20 * * * *", "2026-11-24T00:41:00Z"), "2026-11-24T01:00:00Z");
    EXPECT_EQ(next("0 0 1 jan *", "2026-11-24T00:00:00Z"), "2027-01-01T00:00:00Z");
    EXPECT_EQ(next("0 2 * * SAT", "2026-11-24T00:00:00Z"), "2026-11-28T02:00:00Z");
    EXPECT_EQ(next("0 2 * * 7", "2026-11-24T00:00:00Z"), "2026-11-29T02:00:00Z") << "7 is Sunday";
    EXPECT_EQ(next("5/25 8-10 * * 1-5", "2026-11-24T08:31:00Z"), "2026-11-24T08:55:00Z");
    EXPECT_EQ(next("@weekly", "2026-11-24T00:00:00Z"), "2026-11-29T00:00:00Z");
}

TEST(CronSchedule, MatchesEitherKindOfDayWhenBothAreWritten) {
    EXPECT_EQ(next("0 0 27 * 3", "2026-11-24T00:00:00Z"), "2026-11-25T00:00:00Z") << "a Wednesday";
    EXPECT_EQ(next("0 0 27 * 3", "2026-11-25T00:00:00Z"), "2026-11-27T00:00:00Z") << "the 27th";
}

TEST(CronSchedule, IsReadOnTheClocksOfItsZone) {
    EXPECT_EQ(next("0 2 * * *", "2026-11-24T00:00:00Z", "Asia/Shanghai"), "2026-11-24T18:00:00Z");
    EXPECT_EQ(next("0 2 * * *", "2026-07-01T00:00:00Z", "Europe/Berlin"), "2026-07-02T00:00:00Z");
    EXPECT_EQ(next("0 2 * * *", "2026-12-01T00:00:00Z", "Europe/Berlin"), "2026-12-01T01:00:00Z");
}

TEST(CronSchedule, StartsAfterTheClocksHaveChangedWhereTheyLeaveItsTimeOut) {
    // On 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
    EXPECT_EQ(next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-29T01:00:00Z");
    EXPECT_EQ(next("30 2 * * *", "2026-03-29T01:00:00Z", "Europe/Berlin"), "2026-03-30T00:30:00Z");
}

TEST(CronSchedule, StartsOnceWhereItsTimeComesTwice) {
    // On 25 October 2026 clocks in Berlin go from 03:00 back to 02:00.
    EXPECT_EQ(next("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin"), "2026-10-25T00:30:00Z");
    EXPECT_EQ(next("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-26T01:30:00Z");
}

TEST(CronSchedule, NeverStartsOnADayThatNeverComes) {
    EXPECT_EQ(next("0 0 30 2 *", "2026-11-24T00:00:00Z"), "never");
    EXPECT_EQ(next("0 0 29 2 *", "2026-11-24T00:00:00Z"), "2028-02-29T00:00:00Z");
}

TEST(CronSchedule, NamesTheFieldThatIsWrong) {
    EXPECT_THAT(next("61 * * * *", "2026-11-24T00:00:00Z"), HasSubstr("the minute \"61\""));
    EXPECT_THAT(next("0 0 0 * *", "2026-11-24T00:00:00Z"), HasSubstr("the day of month \"0\""));
    EXPECT_THAT(next("0 0 * foo *", "2026-11-24T00:00:00Z"), HasSubstr("the month \"foo\""));
    EXPECT_THAT(next("0 0 * * 5-1", "2026-11-24T00:00:00Z"), HasSubstr("the day of week \"5-1\""));
    EXPECT_THAT(next("*/0 * * * *", "2026-11-24T00:00:00Z"), HasSubstr("the minute \"*/0\""));
    EXPECT_THAT(next("* * * *", "2026-11-24T00:00:00Z"), HasSubstr("five fields"));
    EXPECT_THAT(next(",, * * * *", "2026-11-24T00:00:00Z"), HasSubstr("the minute"));
}

}  // namespace
}  // namespace klaw
