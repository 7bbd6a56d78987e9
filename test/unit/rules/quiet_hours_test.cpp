#include "rules/quiet_hours.hpp"

#include <gtest/gtest.h>

#include "rules/routes.hpp"

namespace klaw::rules {
namespace {

TimePoint at(std::string_view text) {
    return *parseRfc3339(text);
}

/// "0 22 * * *" to "0 8 * * *"
QuietHours span(std::string_view from, std::string_view to, std::string_view zone = "UTC") {
    return {*CronSchedule::parse(from), *CronSchedule::parse(to), TimeZone::find(zone), std::nullopt};
}

QuietHours nights(std::string_view zone = "UTC") {
    return span("0 22 * * *", "0 8 * * *", zone);
}

QuietHours nightsExcept(std::string_view match) {
    auto hours = nights();
    hours.except = *CompiledMatchers::compileSelection(*parseSelection(match));
    return hours;
}

std::string endOf(const std::vector<QuietHours>& hours, std::string_view time, const Alert& alert = {}) {
    auto end = Quiet(hours, alert).until(at(time));
    return end ? formatRfc3339(*end) : "awake";
}

TEST(QuietHours, LastFromTheEveningToTheMorning) {
    EXPECT_EQ(endOf({nights()}, "2026-11-26T21:59:59Z"), "awake");
    EXPECT_EQ(endOf({nights()}, "2026-11-26T22:00:00Z"), "2026-11-27T08:00:00Z");
    EXPECT_EQ(endOf({nights()}, "2026-11-27T07:59:59Z"), "2026-11-27T08:00:00Z");
    EXPECT_EQ(endOf({nights()}, "2026-11-27T08:00:00Z"), "awake");
}

TEST(QuietHours, AreOnTheClocksOfTheirZone) {
    EXPECT_EQ(endOf({nights("Asia/Shanghai")}, "2026-11-26T13:59:59Z"), "awake") << "21:59:59";
    EXPECT_EQ(endOf({nights("Asia/Shanghai")}, "2026-11-26T14:00:00Z"), "2026-11-27T00:00:00Z");
}

/// In 2026 the clocks of Berlin go forward on 29 March and back on 25 October.
TEST(QuietHours, EndInTheMorningAlsoWhenTheNightIsAnHourShorterOrLonger) {
    EXPECT_EQ(endOf({nights("Europe/Berlin")}, "2026-03-28T21:00:00Z"), "2026-03-29T06:00:00Z") << "nine hours";
    EXPECT_EQ(endOf({nights("Europe/Berlin")}, "2026-10-24T20:00:00Z"), "2026-10-25T07:00:00Z") << "eleven hours";
    auto untilHalfPastTwo = span("0 22 * * *", "30 2 * * *", "Europe/Berlin");
    EXPECT_EQ(endOf({untilHalfPastTwo}, "2026-03-28T23:00:00Z"), "2026-03-29T01:00:00Z")
        << "there is no 02:30: when the clocks jump over it";
    EXPECT_EQ(endOf({untilHalfPastTwo}, "2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z") << "the first of two";
}

TEST(QuietHours, BeginOnTheirDaysAndAreOneWhereTheyFollowEachOther) {
    auto weekend = span("0 0 * * 0,6", "0 0 * * *");
    EXPECT_EQ(endOf({weekend}, "2026-11-27T23:59:59Z"), "awake") << "Friday";
    EXPECT_EQ(endOf({weekend}, "2026-11-28T12:00:00Z"), "2026-11-30T00:00:00Z") << "Saturday and Sunday";
    EXPECT_EQ(endOf({weekend, nights()}, "2026-11-27T22:30:00Z"), "2026-11-30T08:00:00Z") << "from Friday night on";
}

TEST(QuietHours, LeaveOutWhatWakesPeople) {
    Alert warning, critical;
    critical.severity = Severity::Critical;
    EXPECT_EQ(endOf({nightsExcept("severity=critical")}, "2026-11-26T23:00:00Z", warning), "2026-11-27T08:00:00Z");
    EXPECT_EQ(endOf({nightsExcept("severity=critical")}, "2026-11-26T23:00:00Z", critical), "awake");
}

TEST(QuietHours, AreNotPartOfAWait) {
    auto due = [](std::string_view from, Duration wait) {
        return formatRfc3339(Quiet({nights()}, {}).after(at(from), wait));
    };
    EXPECT_EQ(due("2026-11-26T21:00:00Z", 15min), "2026-11-26T21:15:00Z");
    EXPECT_EQ(due("2026-11-26T21:50:00Z", 15min), "2026-11-27T08:05:00Z") << "ten minutes before, five after";
    EXPECT_EQ(due("2026-11-26T21:50:00Z", 10min), "2026-11-27T08:00:00Z");
    EXPECT_EQ(due("2026-11-26T23:00:00Z", 15min), "2026-11-27T08:15:00Z");
    EXPECT_EQ(due("2026-11-26T21:00:00Z", 24h), "2026-11-28T17:00:00Z") << "an hour, 14 hours, 9 hours";
}

Route route(std::string_view match, const char* channel, std::vector<QuietHours> hours = {}) {
    Route made;
    made.match = *CompiledMatchers::compileSelection(*parseSelection(match));
    made.notify = {channel};
    made.mention = {std::string("people of ") + channel};
    made.quietHours = std::move(hours);
    made.goOn = true;
    return made;
}

TEST(Routes, LetAChannelSleepWhileAllRoutesThatLeadThereDo) {
    Routes routes({route("", "team", {nights()}), route("severity=critical", "team"), route("", "lead")});
    Incident warning, critical;
    critical.severity = Severity::Critical;
    auto night = at("2026-11-26T23:00:00Z"), day = at("2026-11-26T12:00:00Z");
    EXPECT_EQ(routes.quietUntil(warning, "team", night), at("2026-11-27T08:00:00Z"));
    EXPECT_EQ(routes.quietUntil(critical, "team", night), std::nullopt);
    EXPECT_EQ(routes.quietUntil(warning, "lead", night), std::nullopt);
    EXPECT_EQ(routes.quietUntil(warning, "team", day), std::nullopt);
    EXPECT_EQ(Routes({route("", "team", {nights()})}).quietUntil(warning, "of the rule", night),
              at("2026-11-27T08:00:00Z"));
}

TEST(Routes, CallNobodyOfARouteThatSleepsWhileAnotherIsAwake) {
    Routes routes({route("", "team", {nights()}), route("", "lead")});
    using Names = std::vector<std::string>;
    EXPECT_EQ(routes.of({}, at("2026-11-26T12:00:00Z")).mention, (Names{"people of team", "people of lead"}));
    EXPECT_EQ(routes.of({}, at("2026-11-26T23:00:00Z")).mention, Names{"people of lead"});
    EXPECT_EQ(routes.of({}, at("2026-11-26T23:00:00Z")).notify, (Names{"team", "lead"})) << "for the morning";
    EXPECT_EQ(Routes({route("", "team", {nights()})}).of({}, at("2026-11-26T23:00:00Z")).mention,
              Names{"people of team"})
        << "for the morning";
}

}  // namespace
}  // namespace klaw::rules
