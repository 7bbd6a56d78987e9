#include "agent/app/routes_config.hpp"

#include <algorithm>
#include <set>

#include "agent/app/config_values.hpp"
#include "agent/app/quiet_hours_config.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

rules::CompiledMatchers readMatch(const YamlCursor& value) {
    auto matchers = rules::parseSelection(value.text("match").value);
    auto compiled = matchers ? rules::CompiledMatchers::compileSelection(*matchers) : fail(matchers.error());
    if (compiled) return std::move(*compiled);
    value.error("match: " + compiled.error().message, R"(write for example severity="critical", namespace=~"shop-.*")");
    return {};
}

Duration readRepeat(const YamlCursor& value) {
    constexpr Duration shortest = 1min;
    auto repeat = rules::readDuration(value, "repeat");
    if (value.isScalar() && repeat < shortest)
        value.error("repeat: people are reminded once a minute at most", "write for example 4h");
    return std::max(repeat, shortest);
}

/// What is read of one plan of maintenance.
struct MaintenanceConfig {
    rules::MaintenanceWindow window;
    bool scheduled = false;
};

void readMaintenanceMatch(const YamlCursor& value, MaintenanceConfig& plan) {
    auto matchers = rules::parseSelection(value.text("match").value);
    auto compiled = matchers ? rules::CompiledMatchers::compileSelection(*matchers) : fail(matchers.error());
    if (!compiled)
        value.error("match: " + compiled.error().message, R"(write for example cluster="prod", namespace=~"batch-.*")");
    else
        plan.window.matchers = std::move(*matchers);
}

void readSchedule(const YamlCursor& value, MaintenanceConfig& plan) {
    auto schedule = CronSchedule::parse(value.text("schedule").value);
    plan.scheduled = true;
    if (!schedule)
        value.error("schedule: " + schedule.error().message, schedule.error().remedy);
    else if (plan.window.schedule = *schedule; !schedule->nextAfter(TimePoint(), *TimeZone::utc()))
        value.error("schedule: such a day never comes");
}

void readWindowLength(const YamlCursor& value, MaintenanceConfig& plan) {
    plan.window.length = rules::readDuration(value, "duration");
    if (plan.window.length > rules::Maintenance::longest)
        value.error("duration: longer than " + formatDuration(rules::Maintenance::longest),
                    "a rule that may be quiet for so long can be left out");
}

void readWindowZone(const YamlCursor& value, MaintenanceConfig& plan) {
    auto name = value.text("time_zone").value;
    if (auto zone = TimeZone::find(name))
        plan.window.zone = std::move(zone);
    else
        value.error("time_zone: there is no time zone \"" + name + "\"", "write for example Asia/Shanghai or UTC");
}

// clang-format off
constexpr Field<rules::EscalationStep> escalationFields[] = {
    {"after", [](const YamlCursor& v, rules::EscalationStep& s) { s.after = rules::readDuration(v, "after"); }},
    {"notify", [](const YamlCursor& v, rules::EscalationStep& s) { s.notify = rules::values(v.texts("notify")); }},
    {"mention", [](const YamlCursor& v, rules::EscalationStep& s) { s.mention = rules::values(v.texts("mention")); }},
    {"ring", [](const YamlCursor& v, rules::EscalationStep& s) { s.ring = rules::readRing(v); }},
};

constexpr Field<rules::Route> routeFields[] = {
    {"match", [](const YamlCursor& v, rules::Route& r) { r.match = readMatch(v); }},
    {"notify", [](const YamlCursor& v, rules::Route& r) { r.notify = rules::values(v.texts("notify")); }},
    {"mention", [](const YamlCursor& v, rules::Route& r) { r.mention = rules::values(v.texts("mention")); }},
    {"ring", [](const YamlCursor& v, rules::Route& r) { r.ring = rules::readRing(v); }},
    {"repeat", [](const YamlCursor& v, rules::Route& r) { r.repeat = readRepeat(v); }},
    {"escalate", [](const YamlCursor& v, rules::Route& r) {
        for (const auto& item : v.items("escalate"))
            rules::decodeFields<rules::EscalationStep>(item, "escalate", escalationFields, r.escalate.emplace_back());
    }},
    {"quiet_hours", [](const YamlCursor& v, rules::Route& r) { r.quietHours = readQuietHours(v); }},
    {"continue", [](const YamlCursor& v, rules::Route& r) { r.goOn = v.boolean("continue").value_or(false); }},
};

constexpr Field<MaintenanceConfig> maintenanceFields[] = {
    {"name", [](const YamlCursor& v, MaintenanceConfig& m) { m.window.name = v.text("name").value; }},
    {"match", readMaintenanceMatch},
    {"schedule", readSchedule},
    {"duration", readWindowLength},
    {"time_zone", readWindowZone},
    {"comment", [](const YamlCursor& v, MaintenanceConfig& m) { m.window.comment = v.text("comment").value; }},
};
// clang-format on

}  // namespace

void readRoutes(const rules::YamlCursor& value, Config& config) {
    for (const auto& item : value.items("routes")) {
        rules::Route route;
        route.match = *rules::CompiledMatchers::compileSelection({});
        rules::decodeFields<rules::Route>(item, "routes", routeFields, route);
        if (route.notify.empty() && route.mention.empty() && !route.repeat && route.escalate.empty() &&
            route.quietHours.empty())
            item.error("routes: the route does nothing", "add `notify`, `mention`, `repeat` or `escalate`");
        config.routes.push_back(std::move(route));
    }
}

void readMaintenance(const rules::YamlCursor& value, Config& config) {
    std::set<std::string> names;
    for (const auto& item : value.items("maintenance")) {
        MaintenanceConfig plan;
        plan.window.zone = TimeZone::utc();
        rules::decodeFields<MaintenanceConfig>(item, "maintenance", maintenanceFields, plan);
        const auto& window = plan.window;
        if (window.name.empty()) item.error("maintenance without a name", "add `name`: cards say it");
        if (!names.insert(window.name).second)
            item.error("the maintenance \"" + window.name + "\" is there twice", "choose another name");
        if (window.matchers.empty())
            item.error("maintenance of everything", "add `match`: what is silenced, for example cluster=\"staging\"");
        if (!plan.scheduled) item.error("maintenance without a schedule", "add `schedule`, for example \"0 2 * * 6\"");
        if (window.length <= Duration{}) item.error("maintenance that takes no time", "add `duration`, for example 2h");
        config.maintenance.push_back(std::move(plan.window));
    }
}

}  // namespace klaw::app
