#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "rules/metric/series_selector.hpp"

namespace klaw::storage {

/// How long finished things are kept. Open incidents, their deliveries and rule revisions are never removed.
struct RetentionLimits {
    Duration resolvedAlerts = 7 * 24h;
    Duration resolvedIncidents = 90 * 24h;  ///< with their deliveries
    Duration finishedDeliveries = 30 * 24h;
    Duration endedSilences = 30 * 24h;
    Duration expiredOffers = 7 * 24h;  ///< long enough to tell "used" from "never existed"
    Duration inbound = 2 * 24h;        ///< platforms repeat for some hours
    Duration eventIncreases = rules::maxWindow;
    Duration windowReadings = rules::maxWindow;
    Duration eventsSeen = 7 * 24h;
    Duration objectChanges = 90 * 24h;
    /// Nothing: for ever. Rows are removed from the beginning only, and an anchor keeps the hash of the last of them,
    /// so that the rest is still proven to be whole.
    std::optional<Duration> audit{};
};

struct PruneReport {
    std::uint64_t alerts = 0;
    std::uint64_t incidents = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t silences = 0;
    std::uint64_t offers = 0;
    std::uint64_t eventIncreases = 0;
    std::uint64_t eventsSeen = 0;
    std::uint64_t objectChanges = 0;
    std::uint64_t audit = 0;

    std::uint64_t total() const;
    PruneReport& operator+=(const PruneReport& other);
};

}  // namespace klaw::storage
