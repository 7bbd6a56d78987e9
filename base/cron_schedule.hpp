#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/time_zone.hpp"

namespace klaw {

/// The schedule of a CronJob or of maintenance: the five fields of crontab(5) with lists, ranges, steps and names, or
/// @yearly, @monthly, @weekly, @daily, @hourly. As in Kubernetes a day matches by either of day of month and day of
/// week when both are restricted. Immutable.
class CronSchedule {
public:
    /// InvalidArgument with a sentence that names the field.
    static Result<CronSchedule> parse(std::string_view text);

    /// The first start after `time`. A local time that a change of clocks leaves out starts when the clocks have
    /// changed; one that comes twice starts the first time only. Nothing when none comes within eight years (30
    /// February).
    std::optional<TimePoint> nextAfter(TimePoint time, const TimeZone& zone) const;

private:
    bool matchesDay(std::chrono::sys_days day) const;

    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> daysOfMonth_;
    std::bitset<13> months_;
    std::bitset<7> daysOfWeek_;  ///< from Sunday
    bool anyDayOfMonth_ = false, anyDayOfWeek_ = false;
};

}  // namespace klaw
