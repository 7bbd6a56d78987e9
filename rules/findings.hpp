#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace klaw::rules {

/// An Event of the cluster about what is wrong or about its owner.
struct TimelineEvent {
    TimePoint at{};      ///< the last time it was seen
    std::string object;  ///< "Pod web-0"
    std::string type;    ///< "Warning", "Normal"
    std::string reason;
    std::string message;
    std::uint64_t count = 1;
    friend bool operator==(const TimelineEvent&, const TimelineEvent&) = default;
};

/// What was looked up in the cluster about an incident, with secrets masked. Its texts are as untrusted as the cluster.
struct Findings {
    TimePoint at{};        ///< when; the epoch: nothing has been looked up
    bool skipped = false;  ///< nothing was: too much was asked for at once
    std::string ns;
    std::string pod;  ///< whose logs; empty: none were asked for
    std::string container;
    bool previous = false;              ///< of the container before its last restart
    std::vector<std::string> logs;      ///< the last lines, oldest first
    std::string logsTrouble;            ///< why there are none; empty: there are, or nothing was written
    std::vector<TimelineEvent> events;  ///< oldest first
    std::string eventsTrouble;
    friend bool operator==(const Findings&, const Findings&) = default;
};

/// What a rule may ask for with `enrich`. The last change of a workload is always told.
inline constexpr const char *enrichLogs = "logs", *enrichEvents = "events", *enrichLastChange = "last_change";

}  // namespace klaw::rules
