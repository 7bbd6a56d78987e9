#include "rules/on_call.hpp"

#include <gtest/gtest.h>

namespace klaw::rules {
namespace {

TimePoint at(const char* text) {
    return *parseRfc3339(text);
}

std::int64_t dayOf(const char* date) {
    return toUnixNanos(at((std::string(date) + "T00:00:00Z").c_str())) / (24 * 3'600'000'000'000);
}

/// ann, bob, eve by turns of a week from a Monday on.
Rota weekly(const char* zone, const char* firstMonday, std::int64_t handoverHour) {
    Rota rota;
    rota.people = {"ann", "bob", "eve"};
    rota.firstDay = dayOf(firstMonday);
    rota.handoverSeconds = handoverHour * 3600;
    rota.zone = TimeZone::find(zone);
    return rota;
}

TEST(Rota, HandsOverOnMondayMorningOfItsZone) {
    auto rota = weekly("Asia/Shanghai", "2026-11-23", 9);
    EXPECT_EQ(rota.personAt(at("2026-11-23T00:59:59Z")), "eve") << "the turn before the first one";
    EXPECT_EQ(rota.personAt(at("2026-11-23T01:00:00Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-11-30T00:59:59Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-11-30T01:00:00Z")), "bob");
    EXPECT_EQ(rota.personAt(at("2026-12-14T01:00:00Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2025-11-24T01:00:00Z")), "eve") << "52 turns before";
}

/// In 2026 the clocks of Berlin go forward on 29 March and back on 25 October.
TEST(Rota, FollowsTheClockOnTheWallWhenItIsPutForwardAndBack) {
    auto rota = weekly("Europe/Berlin", "2026-03-23", 9);
    EXPECT_EQ(rota.personAt(at("2026-03-23T07:59:59Z")), "eve");
    EXPECT_EQ(rota.personAt(at("2026-03-23T08:00:00Z")), "ann") << "09:00 +01:00";
    EXPECT_EQ(rota.personAt(at("2026-03-30T06:59:59Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-03-30T07:00:00Z")), "bob") << "09:00 +02:00";
    EXPECT_EQ(rota.personAt(at("2026-10-26T07:59:59Z")), rota.personAt(at("2026-10-19T07:00:00Z")));
    EXPECT_NE(rota.personAt(at("2026-10-26T08:00:00Z")), rota.personAt(at("2026-10-26T07:59:59Z")));
}

TEST(Rota, HandsOverOnceWhenTheHourOfTheHandoverComesTwiceOrNever) {
    auto rota = weekly("Europe/Berlin", "2026-10-25", 2);
    rota.days = 1;
    rota.handoverSeconds += 30 * 60;  // 02:30, which comes twice on 25 October
    EXPECT_EQ(rota.personAt(at("2026-10-25T00:29:59Z")), "eve");
    EXPECT_EQ(rota.personAt(at("2026-10-25T00:30:00Z")), "ann") << "02:30 +02:00";
    EXPECT_EQ(rota.personAt(at("2026-10-25T01:10:00Z")), "ann") << "02:10 again, +01:00: nothing is handed back";
    EXPECT_EQ(rota.personAt(at("2026-10-25T01:30:00Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-10-26T01:30:00Z")), "bob");

    rota.firstDay = dayOf("2026-03-29");  // when the clock goes from 02:00 to 03:00
    EXPECT_EQ(rota.personAt(at("2026-03-29T00:59:59Z")), "eve");
    EXPECT_EQ(rota.personAt(at("2026-03-29T01:30:00Z")), "ann") << "03:30 +02:00";
    EXPECT_EQ(rota.personAt(at("2026-03-30T00:29:59Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-03-30T00:30:00Z")), "bob") << "02:30 +02:00";
}

TEST(Rota, KnowsWhoComesNextAndNeverTheSamePerson) {
    auto rota = weekly("UTC", "2026-11-23", 9);
    auto monday = at("2026-11-23T09:00:00Z");
    EXPECT_EQ(rota.personAt(monday, 1), "bob");
    EXPECT_EQ(rota.personAt(monday, 2), "eve");
    EXPECT_EQ(rota.personAt(monday, 3), "bob") << "by turns again";
    rota.people = {"ann"};
    EXPECT_EQ(rota.personAt(monday, 1), "ann") << "there is nobody else";
}

TEST(Rota, LetsSomebodyElseStandIn) {
    auto rota = weekly("UTC", "2026-11-23", 9);
    rota.overrides = {{at("2026-11-24T00:00:00Z"), at("2026-11-25T00:00:00Z"), "bob"}};
    EXPECT_EQ(rota.personAt(at("2026-11-23T23:59:59Z")), "ann");
    EXPECT_EQ(rota.personAt(at("2026-11-24T12:00:00Z")), "bob");
    EXPECT_EQ(rota.personAt(at("2026-11-24T12:00:00Z"), 1), "ann") << "the next one is not who stands in";
    EXPECT_EQ(rota.personAt(at("2026-11-25T00:00:00Z")), "ann");
}

TEST(OnCallName, IsWrittenWithItsRotaAndHowManyTurnsLater) {
    EXPECT_FALSE(onCallName("ann"));
    EXPECT_EQ(onCallName("on-call:ops")->rota, "ops");
    EXPECT_EQ(onCallName("on-call:ops")->after, 0u);
    EXPECT_EQ(onCallName("on-call:ops+2")->rota, "ops");
    EXPECT_EQ(onCallName("on-call:ops+2")->after, 2u);
}

}  // namespace
}  // namespace klaw::rules
