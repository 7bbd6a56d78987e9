#include "agent/app/on_call_config.hpp"

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

/// What is read of one rota.
struct RotaConfig {
    rules::Rota rota;
    std::optional<std::size_t> weekday;  ///< of the handover, from Sunday; nothing: every day
    bool hasHandover = false;
    bool hasStart = false;
};

/// "monday 09:00", "daily 18:30"
void readHandover(const YamlCursor& value, RotaConfig& config) {
    auto text = value.text("handover").value;
    auto blank = text.find(' ');
    auto day = text.substr(0, blank);
    auto known = std::ranges::find(weekdays, day);
    int hour = 0, minute = 0, used = 0;
    bool timed = blank != text.npos && std::sscanf(text.c_str() + blank + 1, "%2d:%2d%n", &hour, &minute, &used) == 2 &&
                 blank + 1 + static_cast<std::size_t>(used) == text.size() && hour >= 0 && hour < 24 && minute >= 0 &&
                 minute < 60;
    config.hasHandover = true;
    if (!timed || (day != "daily" && known == weekdays.end())) {
        value.error("handover: \"" + text + "\" is no time of a day", "write for example monday 09:00 or daily 18:00");
        return;
    }
    config.rota.handoverSeconds = hour * 3600 + minute * 60;
    if (day == "daily")
        config.rota.days = 1;
    else
        config.weekday = static_cast<std::size_t>(known - weekdays.begin());
}

/// "2026-11-23" as days since 1970.
void readStart(const YamlCursor& value, RotaConfig& config) {
    auto text = value.text("start").value;
    auto midnight = parseRfc3339(text + "T00:00:00Z");
    config.hasStart = true;
    if (midnight)
        config.rota.firstDay = std::chrono::floor<std::chrono::days>(*midnight).time_since_epoch().count();
    else
        value.error("start: \"" + text + "\" is no day", "write for example 2026-11-23");
}

TimePoint readInstant(const YamlCursor& value, std::string_view key) {
    auto text = value.text(key).value;
    if (auto time = parseRfc3339(text)) return *time;
    value.error(std::string(key) + ": \"" + text + "\" is no time", "write for example 2026-12-24T18:00:00+08:00");
    return {};
}

constexpr Field<rules::Rota::Override> overrideFields[] = {
    {"from", [](const YamlCursor& v, rules::Rota::Override& o) { o.from = readInstant(v, "from"); }},
    {"to", [](const YamlCursor& v, rules::Rota::Override& o) { o.to = readInstant(v, "to"); }},
    {"person", [](const YamlCursor& v, rules::Rota::Override& o) { o.person = v.text("person").value; }},
};

void readOverrides(const YamlCursor& value, RotaConfig& config) {
    for (const auto& item : value.items("overrides")) {
        rules::Rota::Override one;
        rules::decodeFields<rules::Rota::Override>(item, "overrides", overrideFields, one);
        if (one.person.empty() || one.to <= one.from)
            item.error("overrides: nobody, or no time", "add `from`, a later `to`, and `person`");
        config.rota.overrides.push_back(std::move(one));
    }
}

void readZone(const YamlCursor& value, RotaConfig& config) {
    auto name = value.text("time_zone").value;
    if (auto zone = TimeZone::find(name))
        config.rota.zone = std::move(zone);
    else
        value.error("time_zone: there is no time zone \"" + name + "\"", "write for example Asia/Shanghai or UTC");
}

constexpr Field<RotaConfig> rotaFields[] = {
    {"name", [](const YamlCursor& v, RotaConfig& r) { r.rota.name = v.text("name").value; }},
    {"people", [](const YamlCursor& v, RotaConfig& r) { r.rota.people = rules::values(v.texts("people")); }},
    {"handover", readHandover},
    {"start", readStart},
    {"time_zone", readZone},
    {"overrides", readOverrides},
};

}  // namespace

void readOnCall(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("on_call")) {
        RotaConfig read;
        read.rota.zone = TimeZone::utc();
        rules::decodeFields<RotaConfig>(item, "on_call", rotaFields, read);
        auto& rota = read.rota;
        bool taken = std::ranges::find(config.rotas, rota.name, &rules::Rota::name) != config.rotas.end();
        if (rota.name.empty() || taken)
            item.error("on_call: a rota without a name of its own", "add `name`: routes refer to on-call:NAME");
        if (rota.people.empty()) item.error("on_call: nobody takes turns", "add `people`");
        if (!read.hasHandover || !read.hasStart)
            item.error("on_call: it is not said when turns begin",
                       "add `handover`, for example monday 09:00, and `start`, the day of the first one's turn");
        // 1970 began on a Thursday. The first turn begins on the day of the handover on or after `start`.
        if (read.weekday) rota.firstDay += (static_cast<std::int64_t>(*read.weekday) - 4 - rota.firstDay % 7 + 14) % 7;
        if (!rota.people.empty()) config.rotas.push_back(std::move(rota));
    }
}

}  // namespace klaw::app
