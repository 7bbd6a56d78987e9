#include <array>
#include <charconv>
#include <chrono>

#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {
namespace {

Evaluated<Value> toTimestamp(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Timestamp) return value;
    if (value.kind() == Kind::Int) return Value::timestampOf(value.intValue(), 0);
    if (value.kind() != Kind::String) return noSuchOverload();
    auto parsed = parseRfc3339(value.text());
    if (!parsed) return evalError("type conversion error from 'string' to 'google.protobuf.Timestamp'");
    return Value::timestamp(*parsed);
}

Evaluated<Value> toDuration(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Duration) return value;
    if (value.kind() == Kind::Int) return Value::durationOf(value.intValue(), 0);
    if (value.kind() != Kind::String) return noSuchOverload();
    auto text = value.text();
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    auto parsed = parseDuration(text);
    if (!parsed) return evalError("type conversion error from 'string' to 'google.protobuf.Duration'");
    return Value::duration(negative ? -*parsed : *parsed);
}

/// "UTC", "Z" or an offset such as "+08:00"; the empty name means UTC.
std::optional<std::chrono::seconds> zoneOffset(std::string_view name) {
    if (name.empty() || name == "UTC" || name == "Z") return std::chrono::seconds(0);
    int sign = name.starts_with('-') ? -1 : 1;
    if (name.starts_with('-') || name.starts_with('+')) name.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (name.size() != 5 || name[2] != ':') return std::nullopt;
    if (std::from_chars(name.data(), name.data() + 2, hours).ptr != name.data() + 2) return std::nullopt;
    if (std::from_chars(name.data() + 3, name.data() + 5, minutes).ptr != name.data() + 5) return std::nullopt;
    return std::chrono::seconds(sign * (hours * 3600 + minutes * 60));
}

struct Calendar {
    std::chrono::year_month_day date;
    std::chrono::sys_days day;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
    std::int32_t nanos = 0;
};

Evaluated<Calendar> calendarOf(Arguments arguments) {
    if (arguments[0].kind() != Kind::Timestamp) return noSuchOverload();
    std::chrono::seconds offset(0);
    if (arguments.size() > 1) {
        if (arguments[1].kind() != Kind::String) return noSuchOverload();
        auto zone = zoneOffset(arguments[1].text());
        if (!zone)
            return evalError("unknown time zone " + std::string(arguments[1].text()) +
                             "; write an offset such as +08:00");
        offset = *zone;
    }
    std::chrono::sys_seconds local{std::chrono::seconds(arguments[0].seconds()) + offset};
    auto day = std::chrono::floor<std::chrono::days>(local);
    return Calendar{std::chrono::year_month_day(day), day, std::chrono::hh_mm_ss(local - day), arguments[0].nanos()};
}

/// A part of a timestamp in a zone, or of a duration as a whole number of `unit` nanoseconds (0: not defined).
template <auto Part, std::int64_t UnitSeconds>
Evaluated<Value> part(Arguments arguments, Meter&) {
    if (arguments[0].kind() == Kind::Duration && UnitSeconds > 0 && arguments.size() == 1) {
        auto seconds = arguments[0].seconds() + (arguments[0].seconds() < 0 && arguments[0].nanos() > 0 ? 1 : 0);
        return Value::integer(seconds / UnitSeconds);
    }
    auto calendar = calendarOf(arguments);
    if (!calendar) return tl::unexpected<EvalError>(calendar.error());
    return Value::integer(Part(*calendar));
}

std::int64_t fullYear(const Calendar& at) {
    return int(at.date.year());
}
std::int64_t month(const Calendar& at) {
    return std::int64_t(unsigned(at.date.month())) - 1;
}
std::int64_t date(const Calendar& at) {
    return unsigned(at.date.day());
}
std::int64_t dayOfMonth(const Calendar& at) {
    return date(at) - 1;
}
std::int64_t dayOfWeek(const Calendar& at) {
    return std::chrono::weekday(at.day).c_encoding();
}
std::int64_t dayOfYear(const Calendar& at) {
    return (at.day - std::chrono::sys_days(at.date.year() / 1 / 1)).count();
}
std::int64_t hours(const Calendar& at) {
    return at.time.hours().count();
}
std::int64_t minutes(const Calendar& at) {
    return at.time.minutes().count();
}
std::int64_t seconds(const Calendar& at) {
    return at.time.seconds().count();
}

Evaluated<Value> milliseconds(Arguments arguments, Meter&) {
    if (arguments[0].kind() == Kind::Duration && arguments.size() == 1)
        return Value::integer(arguments[0].nanos() / 1'000'000);
    auto calendar = calendarOf(arguments);
    if (!calendar) return tl::unexpected<EvalError>(calendar.error());
    return Value::integer(calendar->nanos / 1'000'000);
}

}  // namespace

std::span<const Function> timeFunctions() {
    static constexpr std::array<Function, 12> table{{
        {"timestamp", false, 1, 1, toTimestamp},
        {"duration", false, 1, 1, toDuration},
        {"getFullYear", true, 1, 2, part<fullYear, 0>},
        {"getMonth", true, 1, 2, part<month, 0>},
        {"getDate", true, 1, 2, part<date, 0>},
        {"getDayOfMonth", true, 1, 2, part<dayOfMonth, 0>},
        {"getDayOfWeek", true, 1, 2, part<dayOfWeek, 0>},
        {"getDayOfYear", true, 1, 2, part<dayOfYear, 0>},
        {"getHours", true, 1, 2, part<hours, 3600>},
        {"getMinutes", true, 1, 2, part<minutes, 60>},
        {"getSeconds", true, 1, 2, part<seconds, 1>},
        {"getMilliseconds", true, 1, 2, milliseconds},
    }};
    return table;
}

}  // namespace klaw::rules::cel
