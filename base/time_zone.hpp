#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace klaw {

/// A zone of the system's time zone database, by its IANA name. Immutable.
class TimeZone {
public:
    /// nullptr for a name that the database does not have. Reads /usr/share/zoneinfo (or $TZDIR) once for each name.
    /// Thread-safe.
    static std::shared_ptr<const TimeZone> find(std::string_view name);
    static std::shared_ptr<const TimeZone> utc();
    /// From the bytes of a TZif file (RFC 8536); nullptr when malformed.
    static std::shared_ptr<const TimeZone> parse(std::string_view tzif);

    /// East of UTC, at this second since 1970.
    std::chrono::seconds offsetAt(std::int64_t unixSeconds) const;

private:
    /// When a yearly change happens, from the footer of the file: POSIX TZ without the names.
    struct YearlyChange {
        enum class Kind { JulianWithoutLeapDay, DayOfYear, MonthWeekDay };
        Kind kind = Kind::MonthWeekDay;
        int month = 0, week = 0, day = 0;
        std::int64_t secondsOfDay = 7200;
        std::int64_t at(int year) const;
    };
    struct Rule {
        std::int32_t standard = 0;
        std::optional<std::int32_t> daylight;
        YearlyChange begin, end;
        std::int32_t offsetAt(std::int64_t unixSeconds) const;
    };
    static std::optional<Rule> parseRule(std::string_view posix);

    std::vector<std::int64_t> changes_;
    std::vector<std::int32_t> offsets_;  ///< after each change
    std::int32_t first_ = 0;             ///< before the first change
    std::optional<Rule> rule_;           ///< after the last change
};

}  // namespace klaw
