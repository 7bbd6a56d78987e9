#include "agent/app/quiet_hours_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

constexpr std::array<std::string_view, 7> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};

struct TimeOfDay {
    unsigned hour = 0, minute = 0;
};

/// What is read of one span.
struct SpanConfig {
    std::optional<TimeOfDay> from, to;
    std::string days;  ///< on which it begins, as crontab writes them
    std::shared_ptr<const TimeZone> zone = TimeZone::utc();
    std::optional<rules::CompiledMatchers> except;
};

/// "22:00"; "24:00" is the next midnight.
std::optional<TimeOfDay> readTime(const YamlCursor& value, std::string_view key) {
    auto text = value.text(key).value;
    TimeOfDay time;
    int used = 0;
    bool read = std::sscanf(text.c_str(), "%2u:%2u%n", &time.hour, &time.minute, &used) == 2 &&
                static_cast<std::size_t>(used) == text.size();
    if (read && (time.hour < 24 || (time.hour == 24 && time.minute == 0)) && time.minute < 60)
        return TimeOfDay{time.hour % 24, time.minute};
    value.error(std::string(key) + ": \"" + text + "\" is no time of a day", "write for example \"22:00\"");
    return TimeOfDay();
}

void readDays(const YamlCursor& value, SpanConfig& span) {
    for (const auto& day : value.texts("days")) {
        auto known = std::ranges::find(weekdays, day.value);
        if (known == weekdays.end())
            value.error("days: there is no day \"" + day.value + "\"", "write for example [saturday, sunday]");
        else
            span.days += (span.days.empty() ? "" : ",") + std::to_string(known - weekdays.begin());
    }
}

void readZone(const YamlCursor& value, SpanConfig& span) {
    auto name = value.text("time_zone").value;
    if (auto zone = TimeZone::find(name))
        span.zone = std::move(zone);
    else
        value.error("time_zone: there is no time zone \"" + name + "\"", "write for example Asia/Shanghai or UTC");
}

void readExcept(const YamlCursor& value, SpanConfig& span) {
    auto matchers = rules::parseSelection(value.text("except").value);
    auto compiled = matchers ? rules::CompiledMatchers::compileSelection(*matchers) : fail(matchers.error());
    if (compiled)
        span.except = std::move(*compiled);
    else
        value.error("except: " + compiled.error().message, R"(write for example severity="critical")");
}

constexpr Field<SpanConfig> spanFields[] = {
    {"from", [](const YamlCursor& v, SpanConfig& s) { s.from = readTime(v, "from"); }},
    {"to", [](const YamlCursor& v, SpanConfig& s) { s.to = readTime(v, "to"); }},
    {"days", readDays},
    {"time_zone", readZone},
    {"except", readExcept},
};

CronSchedule eachDayAt(const TimeOfDay& time, const std::string& days) {
    return *CronSchedule::parse(fmt::format("{} {} * * {}", time.minute, time.hour, days.empty() ? "*" : days));
}

std::optional<rules::QuietHours> readSpan(const YamlCursor& value) {
    SpanConfig span;
    rules::decodeFields<SpanConfig>(value, "quiet_hours", spanFields, span);
    if (!span.from || !span.to) {
        value.error("quiet_hours without a beginning or an end", "add `from` and `to`, for example \"22:00\"");
        return std::nullopt;
    }
    rules::QuietHours hours;
    hours.begin = eachDayAt(*span.from, span.days);
    hours.end = eachDayAt(*span.to, {});
    hours.zone = std::move(span.zone);
    hours.except = std::move(span.except);
    return hours;
}

/// Of what nobody is woken for.
bool neverEnd(std::vector<rules::QuietHours> hours) {
    for (auto& each : hours) each.except.reset();
    rules::Quiet quiet(hours, {});
    auto end = quiet.until(TimePoint());
    return end && quiet.until(*end);
}

}  // namespace

std::vector<rules::QuietHours> readQuietHours(const YamlCursor& value) {
    std::vector<YamlCursor> items{value};
    if (value.isList()) items = value.items("quiet_hours");
    std::vector<rules::QuietHours> hours;
    for (const auto& item : items)
        if (auto span = readSpan(item)) hours.push_back(std::move(*span));
    if (neverEnd(hours)) value.error("quiet_hours without an end", "leave time between them: it is when people hear");
    return hours;
}

}  // namespace klaw::app
