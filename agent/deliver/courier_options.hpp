#pragma once

#include <cstddef>

#include "base/time.hpp"

namespace klaw::deliver {

struct CourierOptions {
    std::size_t parallel = 32;         ///< calls at once on a channel without a budget
    std::size_t parallelInBudget = 4;  ///< with one: a slow answer must not hold up what is about something else
    std::size_t digestAbove = 3;       ///< waiting cards at which an exhausted budget leads to digests
    std::size_t digestAtMost = 30;     ///< cards in one digest
    std::size_t passedAtMost = 1000;   ///< of incidents that are over before anybody was told, in one digest
    Duration firstRetry = 2s;          ///< doubled with each failure of the same card, with jitter
    Duration longestRetry = 2min;
    Duration longestStrangeRetry = 1h;   ///< of what is refused for an unknown reason
    Duration freshRetry = 15s;           ///< how long a new card waits at most for a channel that is down
    unsigned undeliveredAfter = 3;       ///< tries of one card, after which somebody else has to hear of it
    Duration longPause = 5min;           ///< a pause from which on somebody else hears at once of what waits
    Duration scarceDigestEvery = 10min;  ///< when the month's calls are soon used up
    Duration spentDigestEvery = 1h;      ///< when they are
};

}  // namespace klaw::deliver
