#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cron_schedule.hpp"
#include "rules/silence.hpp"

namespace klaw::rules {

/// Work that is planned to come again and again: alerts that match are silenced while it lasts.
struct MaintenanceWindow {
    std::string name;
    std::vector<Matcher> matchers;
    CronSchedule schedule;
    Duration length{};
    std::shared_ptr<const TimeZone> zone;
    std::string comment;
};

/// All planned maintenance, as silences that nobody has to store. Immutable.
class Maintenance {
public:
    Maintenance() = default;
    explicit Maintenance(std::vector<MaintenanceWindow> windows) : windows_(std::move(windows)) {}

    /// Those that run. Windows of one plan that overlap are one silence.
    std::vector<Silence> activeAt(TimePoint now) const;
    /// When a window opens or closes next.
    std::optional<TimePoint> nextChange(TimePoint now) const;

    static constexpr Duration longest = 7 * 24h;

private:
    std::vector<MaintenanceWindow> windows_;
};

}  // namespace klaw::rules
