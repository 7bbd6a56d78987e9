#include "rules/maintenance.hpp"

#include <gtest/gtest.h>

#include "rules/silence_matchers.hpp"

namespace klaw::rules {
namespace {

MaintenanceWindow window(std::string_view schedule, Duration length, std::string_view zone = "UTC") {
    return {"patches",
            *parseMatchers(R"(cluster="prod")"),
            *CronSchedule::parse(schedule),
            length,
            TimeZone::find(zone),
            "one node after the other"};
}

/// "02:00–05:00": what runs at that time, by UTC.
std::string running(const Maintenance& maintenance, std::string_view at) {
    std::string text;
    for (const auto& silence : maintenance.activeAt(*parseRfc3339(at)))
        text += formatRfc3339(silence.startsAt) + "/" + formatRfc3339(silence.endsAt) + " ";
    return text;
}

TEST(Maintenance, SilencesFromEachOpeningForItsLength) {
    Maintenance maintenance({window("0 2 * * 6", 3h)});
    EXPECT_EQ(running(maintenance, "2026-11-28T01:59:59Z"), "");
    EXPECT_EQ(running(maintenance, "2026-11-28T02:00:00Z"), "2026-11-28T02:00:00Z/2026-11-28T05:00:00Z ");
    EXPECT_EQ(running(maintenance, "2026-11-28T04:59:59Z"), "2026-11-28T02:00:00Z/2026-11-28T05:00:00Z ");
    EXPECT_EQ(running(maintenance, "2026-11-28T05:00:00Z"), "");
}

TEST(Maintenance, SaysWhoSilencesAndWhy) {
    auto silence = Maintenance({window("0 2 * * *", 1h)}).activeAt(*parseRfc3339("2026-11-28T02:30:00Z")).at(0);
    EXPECT_EQ(silence.createdBy, "maintenance patches");
    EXPECT_EQ(silence.comment, "one node after the other");
    EXPECT_EQ(formatMatchers(silence.matchers), R"(cluster="prod")");
}

TEST(Maintenance, FollowsTheClocksOfItsZoneThroughTheirChange) {
    // Clocks in Berlin go forward on 29 March 2026.
    Maintenance maintenance({window("0 1 * * *", 3h, "Europe/Berlin")});
    EXPECT_EQ(running(maintenance, "2026-03-28T00:30:00Z"), "2026-03-28T00:00:00Z/2026-03-28T03:00:00Z ");
    EXPECT_EQ(running(maintenance, "2026-03-29T00:30:00Z"), "2026-03-29T00:00:00Z/2026-03-29T03:00:00Z ")
        << "three hours, though the clocks show four";
    EXPECT_EQ(running(maintenance, "2026-03-29T23:30:00Z"), "2026-03-29T23:00:00Z/2026-03-30T02:00:00Z ");
}

TEST(Maintenance, OfOverlappingOpeningsIsOneSilence) {
    Maintenance maintenance({window("0 * * * *", 90min)});
    EXPECT_EQ(running(maintenance, "2026-11-28T02:10:00Z"), "2026-11-28T01:00:00Z/2026-11-28T03:30:00Z ");
}

TEST(Maintenance, TellsWhenSomethingChangesNext) {
    Maintenance maintenance({window("0 2 * * 6", 3h)});
    auto next = [&](std::string_view at) { return formatRfc3339(*maintenance.nextChange(*parseRfc3339(at))); };
    EXPECT_EQ(next("2026-11-24T00:00:00Z"), "2026-11-28T02:00:00Z");
    EXPECT_EQ(next("2026-11-28T02:00:00Z"), "2026-11-28T05:00:00Z");
    EXPECT_EQ(next("2026-11-28T05:00:00Z"), "2026-12-05T02:00:00Z");
    EXPECT_EQ(Maintenance().nextChange(*parseRfc3339("2026-11-24T00:00:00Z")), std::nullopt);
}

}  // namespace
}  // namespace klaw::rules
