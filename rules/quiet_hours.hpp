#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/cron_schedule.hpp"
#include "rules/silence_matchers.hpp"

namespace klaw::rules {

/// When a route lets people sleep, by the clock on the wall of a zone, also when it is put forward or back.
struct QuietHours {
    CronSchedule begin;
    CronSchedule end;
    std::shared_ptr<const TimeZone> zone;
    std::optional<CompiledMatchers> except;  ///< what wakes people all the same

    /// When those end that run at that time.
    std::optional<TimePoint> endAt(TimePoint time) const;
};

/// The quiet hours that hold for one alert. Those that overlap, or follow each other at once, are as one.
class Quiet {
public:
    Quiet(const std::vector<QuietHours>& hours, const Alert& alert);

    /// Nothing outside quiet hours.
    std::optional<TimePoint> until(TimePoint time) const;
    /// When that much time will have passed outside quiet hours. Not itself within them.
    TimePoint after(TimePoint time, Duration wait) const;

private:
    std::optional<TimePoint> nextBegin(TimePoint time) const;

    std::vector<const QuietHours*> hours_;
};

}  // namespace klaw::rules
