#include "base/time.hpp"

#include <gtest/gtest.h>

namespace klaw {
namespace {

TEST(Rfc3339, ReadsWhatKubernetesWrites) {
    EXPECT_EQ(parseRfc3339("1970-01-01T00:00:00Z"), TimePoint{});
    EXPECT_EQ(parseRfc3339("2026-11-23T10:00:00Z"), TimePoint(1795428000s));
    EXPECT_EQ(parseRfc3339("2026-11-23T10:00:00.123456Z"), TimePoint(1795428000s + 123456us));  // MicroTime
    EXPECT_EQ(parseRfc3339("2026-11-23T18:00:00+08:00"), TimePoint(1795428000s));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (auto text :
         {"", "null", "2026-11-23", "2026-11-23 10:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
          "2026-11-23T25:00:00Z", "2026-11-23T10:00:00", "2026-11-23T10:00:00.Z", "2026-11-23T10:00:00+0800",
          "0001-01-01T00:00:00Z", "2026-11-23T10:00:00Zjunk", "2026-11-23T10:00:00.1234567891Z"})
        EXPECT_EQ(parseRfc3339(text), std::nullopt) << text;
}

TEST(Rfc3339, WritesTheShortestFormThatReadsBack) {
    for (auto text : {"1970-01-01T00:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5Z",
                      "2026-11-23T10:00:00.000000001Z", "1969-12-31T23:59:59.75Z"})
        EXPECT_EQ(formatRfc3339(parseRfc3339(text).value()), text);
}

TEST(DurationText, ReadsGoAndPrometheusForms) {
    EXPECT_EQ(parseDuration("90s"), 90s);
    EXPECT_EQ(parseDuration("1h30m"), 90min);
    EXPECT_EQ(parseDuration("1.5h"), 90min);
    EXPECT_EQ(parseDuration("1d12h"), 36h);
    EXPECT_EQ(parseDuration("1w"), 168h);
    EXPECT_EQ(parseDuration("250ms"), 250ms);
    EXPECT_EQ(parseDuration("0"), 0s);
    EXPECT_EQ(parseDuration("-5m"), -5min);
}

TEST(DurationText, RefusesWhatIsNoDuration) {
    for (auto text : {"", "5", "m", "5 m", "1h-5m", "1.2.3s", ".", "5x", "99999999999999w"})
        EXPECT_EQ(parseDuration(text), std::nullopt) << text;
}

TEST(DurationText, WritesWhatReadsBack) {
    for (auto text : {"0s", "45s", "1h30m", "2d", "1d12h", "250ms", "-5m", "1s1ns"})
        EXPECT_EQ(formatDuration(parseDuration(text).value()), text);
}

}  // namespace
}  // namespace klaw
