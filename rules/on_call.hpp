#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "base/time_zone.hpp"

namespace klaw::rules {

/// People who take turns. Handovers follow the clock on the wall of the zone, also when it is put forward or back.
struct Rota {
    struct Override {
        TimePoint from{};
        TimePoint to{};  ///< excluded
        std::string person;
    };
    std::string name;
    std::vector<std::string> people;   ///< in order of their turns; never empty
    std::int64_t firstDay = 0;         ///< days since 1970 on which the first turn begins, by the zone's calendar
    std::int64_t handoverSeconds = 0;  ///< of the day
    std::int64_t days = 7;             ///< of one turn
    std::shared_ptr<const TimeZone> zone;
    std::vector<Override> overrides;  ///< the last one that holds counts

    /// Who is on duty at that time, and with `after` the one who comes that many turns later and is somebody else.
    const std::string& personAt(TimePoint time, std::size_t after = 0) const;
};

/// A person to be called by name as it is written in `mention`: "on-call:NAME" is who is on duty, "on-call:NAME+1" the
/// next one.
struct OnCallName {
    std::string rota;
    std::size_t after = 0;
};
/// Nothing for what is the name of a person.
std::optional<OnCallName> onCallName(std::string_view mention);

}  // namespace klaw::rules
