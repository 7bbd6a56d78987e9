#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace klaw::app {

/// The clusters are spread over the replicas, which read from each other what each watches.
struct ShareConfig {
    std::string address;  ///< where the others reach this one: "http://10.0.0.7:8080"
    std::string token;    ///< the same for all replicas
    friend bool operator==(const ShareConfig&, const ShareConfig&) = default;
};

/// Several replicas of one agent, of which one leads: whoever holds a Lease.
struct LeadershipConfig {
    std::string leaseNamespace;
    std::string leaseName;
    std::string cluster;   ///< that has the Lease; empty: the first one
    std::string identity;  ///< of this replica, for people; empty: the name of the host
    Duration lasts = 10s;  ///< see lead::ElectionOptions
    Duration renewWithin = 6s;
    Duration retry = 2s;
    std::optional<ShareConfig> share;  ///< nothing: each watches all clusters
    friend bool operator==(const LeadershipConfig&, const LeadershipConfig&) = default;
};

}  // namespace klaw::app
