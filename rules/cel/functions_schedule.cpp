#include <array>

#include "base/cron_schedule.hpp"
#include "rules/cel/functions.hpp"
#include "rules/cel/time_text.hpp"

namespace klaw::rules::cel {
namespace {

/// Of looking through the days of the years within which a schedule has to come round.
constexpr std::size_t stepsOfSearch = 3'000;

std::shared_ptr<const TimeZone> zoneNamed(std::string_view name) {
    return name.empty() || name == "UTC" || name == "Etc/UTC" ? TimeZone::utc() : TimeZone::find(name);
}

/// "@every 90m", which Kubernetes takes beside the five fields; it counts from the start before.
std::optional<Evaluated<Value>> nextOfInterval(std::string_view schedule, TimePoint after) {
    constexpr std::string_view every = "@every ";
    if (!schedule.starts_with(every)) return std::nullopt;
    auto interval = parseGoDuration(schedule.substr(every.size()));
    auto length = interval ? interval->asDuration() : std::nullopt;
    if (!length || *length <= klaw::Duration{}) return evalError("no schedule: " + std::string(schedule));
    if (*length > TimePoint::max() - after) return Value::optionalNone();
    return Value::optionalOf(Value::timestamp(after + *length));
}

/// The first start after a time of a CronJob's schedule in a time zone; none where it never comes.
Evaluated<Value> cronNext(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String || arguments[1].kind() != Kind::String) return noSuchOverload();
    auto after = arguments[2].asTimestamp();
    if (!after) return noSuchOverload();
    if (!meter.charge(stepsOfSearch)) return costExceeded();
    if (auto next = nextOfInterval(arguments[0].text(), *after)) return *next;
    auto schedule = CronSchedule::parse(arguments[0].text());
    if (!schedule) return evalError(schedule.error().message);
    auto zone = zoneNamed(arguments[1].text());
    if (!zone) return evalError("unknown time zone " + std::string(arguments[1].text()));
    auto next = schedule->nextAfter(*after, *zone);
    return next ? Value::optionalOf(Value::timestamp(*next)) : Value::optionalNone();
}

}  // namespace

std::span<const Function> scheduleFunctions() {
    static constexpr std::array<Function, 1> table{{{"cronNext", false, 3, 3, cronNext}}};
    return table;
}

}  // namespace klaw::rules::cel
