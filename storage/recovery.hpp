#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::storage {

/// From when on finished things are still of interest after a restart.
struct RecoveryHorizon {
    TimePoint resolvedSince{};                  ///< alerts resolved later than this
    TimePoint increasesSince{};                 ///< now minus the longest window, of Events and over metrics
    TimePoint now{};                            ///< silences and their copies that end later than this
    TimePoint reopensSince = TimePoint::max();  ///< incidents resolved later than this may be opened again
};

/// What the agent stands on after a restart.
struct RecoveredState {
    std::vector<rules::Alert> alerts;            ///< pending, firing and those resolved lately; by fingerprint
    std::vector<rules::Incident> incidents;      ///< open, or to be opened again; by opening time
    std::vector<rules::Silence> silences;        ///< active or still to come
    std::vector<SilenceCopy> silenceCopies;      ///< not at their end yet, also of silences that are over
    std::vector<rules::EventCounter> counters;   ///< by time; an Event without increases in the horizon once, with 0
    std::vector<rules::WindowReading> readings;  ///< of windows over metrics; by time
    /// Queued and sending, oldest first. `sending` means that the agent stopped before the answer: outcome unknown, to
    /// be tried again with the same key. Those of one `batchId` leave together again.
    std::vector<Delivery> deliveries;
    std::vector<CardRef> cards;              ///< of these incidents: newest message sent, by channel
    std::vector<RuleRevision> appliedRules;  ///< those in force that were given to the agent, not by files; by name
    std::map<std::string, std::string, std::less<>> meta;
    std::vector<Error> unreadable;  ///< rows left out because their content is damaged; to be told loudly
};

/// Call before the Writer takes the connection, or on any other one.
Result<RecoveredState> loadState(Database& database, const RecoveryHorizon& horizon);

}  // namespace klaw::storage
