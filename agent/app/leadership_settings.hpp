#pragma once

#include <string>

#include "base/time.hpp"

namespace klaw::app {

/// Several replicas of one agent, of which one leads: whoever holds a Lease.
struct LeadershipConfig {
    std::string leaseNamespace;
    std::string leaseName;
    std::string cluster;   ///< that has the Lease; empty: the first one
    std::string identity;  ///< of this replica, for people; empty: the name of the host
    Duration lasts = 10s;  ///< see lead::ElectionOptions
    Duration renewWithin = 6s;
    Duration retry = 2s;
    friend bool operator==(const LeadershipConfig&, const LeadershipConfig&) = default;
};

}  // namespace klaw::app
