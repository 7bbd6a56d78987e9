#include "rules/on_call.hpp"

#include <algorithm>
#include <charconv>

namespace klaw::rules {
namespace {

constexpr std::int64_t secondsOfDay = 24 * 60 * 60;
constexpr std::string_view prefix = "on-call:";

/// The instant at which the clock on the wall first shows that much; where it jumps over it, as much later.
std::int64_t instantOf(std::int64_t wall, const TimeZone& zone) {
    auto before = zone.offsetAt(wall - secondsOfDay).count();
    auto instant = wall - before;
    if (zone.offsetAt(instant).count() == before) return instant;
    auto after = zone.offsetAt(instant).count();
    return zone.offsetAt(wall - after).count() == after ? wall - after : instant;
}

std::int64_t floorDivided(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

const std::string& Rota::personAt(TimePoint time, std::size_t after) const {
    auto now = floorDivided(toUnixNanos(time), 1'000'000'000);
    auto begins = [&](std::int64_t turn) {
        return instantOf((firstDay + turn * days) * secondsOfDay + handoverSeconds, *zone);
    };
    auto turn = floorDivided(now - begins(0), days * secondsOfDay);
    while (begins(turn + 1) <= now) ++turn;
    while (begins(turn) > now) --turn;
    auto size = static_cast<std::int64_t>(people.size());
    auto index = static_cast<std::size_t>(turn - floorDivided(turn, size) * size);
    const auto* onDuty = &people[index];
    for (const auto& each : overrides)
        if (each.from <= time && time < each.to) onDuty = &each.person;
    if (after == 0) return *onDuty;
    std::vector<const std::string*> others;
    for (std::size_t i = 0; i < people.size(); ++i) {
        const auto& person = people[(index + i) % people.size()];
        if (person != *onDuty) others.push_back(&person);
    }
    return others.empty() ? *onDuty : *others[(after - 1) % others.size()];
}

std::optional<OnCallName> onCallName(std::string_view mention) {
    if (!mention.starts_with(prefix)) return std::nullopt;
    mention.remove_prefix(prefix.size());
    OnCallName name;
    auto plus = mention.rfind('+');
    name.rota = mention.substr(0, plus);
    if (plus != mention.npos) std::from_chars(mention.data() + plus + 1, mention.data() + mention.size(), name.after);
    return name;
}

}  // namespace klaw::rules
