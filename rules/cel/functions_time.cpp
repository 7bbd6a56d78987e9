#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>

#include "base/time_zone.hpp"
#include "rules/cel/functions.hpp"
#include "rules/cel/time_text.hpp"

namespace klaw::rules::cel {
namespace {

Evaluated<Value> toTimestamp(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Timestamp) return value;
    if (value.kind() == Kind::Int) {
        if (value.intValue() < minTimestampSeconds || value.intValue() > maxTimestampSeconds)
            return evalError("timestamp overflow");
        return Value::timestampOf(value.intValue(), 0);
    }
    if (value.kind() != Kind::String) return noSuchOverload();
    auto parsed = parseTimestamp(value.text());
    if (!parsed) return evalError("type conversion error from 'string' to 'google.protobuf.Timestamp'");
    return *parsed;
}

Evaluated<Value> toDuration(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Duration) return value;
    if (value.kind() != Kind::String) return noSuchOverload();
    auto parsed = parseGoDuration(value.text());
    if (!parsed) return evalError("type conversion error from 'string' to 'google.protobuf.Duration'");
    return *parsed;
}

std::optional<int> wholeNumber(std::string_view text) {
    int value = 0;
    bool plus = text.starts_with('+');
    auto [end, failure] = std::from_chars(text.data() + plus, text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || std::abs(value) > 10'000) return std::nullopt;
    return value;
}

/// An IANA name or an offset such as "+08:00"; the empty name means UTC.
std::optional<std::chrono::seconds> zoneOffset(std::string_view name, std::int64_t at) {
    if (name.empty() || name == "UTC") return std::chrono::seconds(0);
    auto colon = name.find(':');
    if (colon == std::string_view::npos) {
        auto zone = TimeZone::find(name);
        return zone ? std::optional(zone->offsetAt(at)) : std::nullopt;
    }
    auto hours = wholeNumber(name.substr(0, colon)), minutes = wholeNumber(name.substr(colon + 1));
    if (!hours || !minutes) return std::nullopt;
    return std::chrono::seconds(*hours * 3600 + (name[0] == '-' ? -1 : 1) * *minutes * 60);
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
        auto zone = zoneOffset(arguments[1].text(), arguments[0].seconds());
        if (!zone) return evalError("unknown time zone " + std::string(arguments[1].text()));
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
        // As Go's Duration has it, a double: -1 ns short of a whole unit may count as the whole one.
        constexpr std::int64_t unit = UnitSeconds * 1'000'000'000;
        auto nanos = static_cast<std::int64_t>(nanosOf(arguments[0]));
        return Value::integer(static_cast<std::int64_t>(static_cast<double>(nanos / unit) +
                                                        static_cast<double>(nanos % unit) / static_cast<double>(unit)));
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
