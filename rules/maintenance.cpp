#include "rules/maintenance.hpp"

#include <algorithm>

namespace klaw::rules {
namespace {

/// What runs at `now`, from the first of the openings that overlap to the end of the last.
std::optional<Silence> runningAt(const MaintenanceWindow& window, TimePoint now) {
    std::optional<TimePoint> from, last;
    auto at = window.schedule.nextAfter(now - window.length, *window.zone);
    while (at && *at <= now) {
        if (!from) from = at;
        last = at;
        at = window.schedule.nextAfter(*at, *window.zone);
    }
    if (!from) return std::nullopt;
    Silence silence;
    silence.id = "maintenance-" + window.name;
    silence.matchers = window.matchers;
    silence.startsAt = *from;
    silence.endsAt = *last + window.length;
    silence.createdBy = "maintenance " + window.name;
    silence.comment = window.comment;
    return silence;
}

}  // namespace

std::vector<Silence> Maintenance::activeAt(TimePoint now) const {
    std::vector<Silence> active;
    for (const auto& window : windows_)
        if (auto running = runningAt(window, now)) active.push_back(std::move(*running));
    return active;
}

std::optional<TimePoint> Maintenance::nextChange(TimePoint now) const {
    std::optional<TimePoint> next;
    auto consider = [&](std::optional<TimePoint> time) {
        if (time && *time > now && (!next || *time < *next)) next = time;
    };
    for (const auto& window : windows_) {
        consider(window.schedule.nextAfter(now, *window.zone));
        if (auto running = runningAt(window, now)) consider(running->endsAt);
    }
    return next;
}

}  // namespace klaw::rules
