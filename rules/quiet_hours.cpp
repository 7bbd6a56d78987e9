#include "rules/quiet_hours.hpp"

#include <algorithm>

namespace klaw::rules {
namespace {

/// A day, and the hour more that it has when clocks are put back.
constexpr Duration longest = 25h;
/// Who is never awake is told in the end.
constexpr int mostSpans = 100;

}  // namespace

std::optional<TimePoint> QuietHours::endAt(TimePoint time) const {
    std::optional<TimePoint> last;
    for (auto from = begin.nextAfter(time - longest, *zone); from && *from <= time;
         from = begin.nextAfter(*from, *zone))
        if (auto to = end.nextAfter(*from, *zone); to && *to > time) last = std::max(last, to);
    return last;
}

Quiet::Quiet(const std::vector<QuietHours>& hours, const Alert& alert) {
    for (const auto& each : hours)
        if (!each.except || !each.except->match(alert)) hours_.push_back(&each);
}

std::optional<TimePoint> Quiet::until(TimePoint time) const {
    std::optional<TimePoint> last;
    for (int spans = 0; spans < mostSpans; ++spans) {
        std::optional<TimePoint> end;
        for (const auto* each : hours_) end = std::max(end, each->endAt(last.value_or(time)));
        if (!end) break;
        last = end;
    }
    return last;
}

std::optional<TimePoint> Quiet::nextBegin(TimePoint time) const {
    std::optional<TimePoint> first;
    for (const auto* each : hours_)
        if (auto begins = each->begin.nextAfter(time, *each->zone)) first = std::min(first.value_or(*begins), *begins);
    return first;
}

TimePoint Quiet::after(TimePoint time, Duration wait) const {
    for (int spans = 0; spans < mostSpans; ++spans) {
        time = until(time).value_or(time);
        auto begins = nextBegin(time);
        if (!begins || time + wait < *begins) break;
        wait -= *begins - time;
        time = *begins;
    }
    return time + wait;
}

}  // namespace klaw::rules
