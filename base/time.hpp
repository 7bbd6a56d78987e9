#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klaw {

/// Nanoseconds everywhere: CEL timestamps and Kubernetes MicroTime need more than milliseconds.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::system_clock, Duration>;

using namespace std::chrono_literals;

/// RFC 3339 in UTC: "2026-11-23T10:00:00Z", with a fraction only where there is one.
std::string formatRfc3339(TimePoint time);
/// Accepts any offset and up to nine fraction digits; nullopt when malformed or outside 1678–2261.
std::optional<TimePoint> parseRfc3339(std::string_view text);

/// Prometheus and Go style: "90s", "1h30m", "1d12h", "1w", "250ms", "0". Fractions as in Go ("1.5h") are accepted.
std::optional<Duration> parseDuration(std::string_view text);
/// The shortest form that parseDuration reads back: "1h30m", "45s", "0s".
std::string formatDuration(Duration duration);

inline std::int64_t toUnixMillis(TimePoint time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline std::int64_t toUnixNanos(TimePoint time) {
    return time.time_since_epoch().count();
}
inline TimePoint fromUnixMillis(std::int64_t millis) {
    return TimePoint(std::chrono::milliseconds(millis));
}
inline TimePoint fromUnixNanos(std::int64_t nanos) {
    return TimePoint(Duration(nanos));
}

}  // namespace klaw
