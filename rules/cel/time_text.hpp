#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/cel/value.hpp"

// Times as CEL writes them: RFC 3339 in the years 1 to 9999, durations as Go reads them.

namespace klaw::rules::cel {

constexpr std::int64_t minTimestampSeconds = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t maxTimestampSeconds = 253'402'300'799;  // 9999-12-31T23:59:59Z

/// nullopt when malformed or outside the years 1 to 9999.
std::optional<Value> parseTimestamp(std::string_view text);
std::string timestampText(std::int64_t seconds, std::int32_t nanos);

/// "1h30m", "-1.5s", "0": units h, m, s, ms, us, µs, ns; nullopt when malformed or above 292 years.
std::optional<Value> parseGoDuration(std::string_view text);
/// Seconds with their fraction: "5400s", "-0.5s".
std::string durationText(const Value& duration);

/// A duration as nanoseconds, and back; nullopt beyond 64 bits.
__int128 nanosOf(const Value& duration);
std::optional<Value> durationOfNanos(__int128 nanos);

}  // namespace klaw::rules::cel
