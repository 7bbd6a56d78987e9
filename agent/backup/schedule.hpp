#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/backup/store.hpp"
#include "base/cron_schedule.hpp"
#include "base/time.hpp"

namespace klaw::backup {

/// When a backup is made by itself: at the times of a schedule, or so long after the last one. Neither: never.
struct Schedule {
    std::optional<CronSchedule> cron;
    std::shared_ptr<const TimeZone> zone;
    std::optional<Duration> every;
    bool empty() const { return !cron && !every; }
};

/// What is known of the runs of a backup.
struct RunHistory {
    TimePoint knownSince{};                ///< when the agent first saw its configuration
    std::optional<TimePoint> begun{};      ///< the last run that began
    std::optional<TimePoint> ended{};      ///< and its end; earlier than `begun`: it was interrupted, or runs
    std::optional<TimePoint> succeeded{};  ///< the start of the last good one
    bool failed = false;                   ///< how the last one ended
    std::int64_t interruptions = 0;        ///< since one ended: how often the agent ended in the middle
};

inline constexpr Duration retryAfterFailure = 15min;

/// When the next run is due; in the past for one that was missed while nobody ran, however many there were. One that
/// failed is tried again after a while, one that was interrupted at once, but after a while where that was so before:
/// it may be what ends the agent. nullopt: never.
std::optional<TimePoint> nextRun(const Schedule& schedule, const RunHistory& history);

/// Which archives are kept; nothing given: all. One that either of them keeps stays, and so does the newest.
struct Retention {
    std::optional<std::size_t> last;
    std::optional<Duration> age;
};

/// The files that need not be kept any more: archives of this backup and nothing else, by their names.
std::vector<std::string> outdated(const std::vector<StoredFile>& files, const std::string& backup,
                                  const Retention& keep, TimePoint now);

}  // namespace klaw::backup
