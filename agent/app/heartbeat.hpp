#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/net/http_client.hpp"

namespace klaw::app {

/// Where somebody outside waits for a sign of life and raises the alarm when it stays away: healthchecks.io, Dead Man's
/// Snitch, Uptime Kuma.
struct HeartbeatConfig {
    std::string url;  ///< a secret; empty: no heartbeat
    Duration every = 1min;
    Duration undelivered = 5min;  ///< with a channel that has failed for so long there is none
};

/// Says outside that Klaw works, as long as it does. On the loop thread, so that a loop that hangs says nothing.
class Heartbeat {
public:
    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t failed = 0;    ///< nobody took it
        std::uint64_t withheld = 0;  ///< there was trouble
    };

    /// `trouble`: why no sign of life may be given; empty while all is well. References outlive it.
    Heartbeat(LoopClock& clock, net::HttpClient& client, std::function<std::string(Duration undelivered)> trouble);

    void follow(HeartbeatConfig config);
    /// Until cancelled.
    Task<void> run();
    const Counts& counts() const { return counts_; }

private:
    Task<void> beat();
    void say(std::string trouble);

    LoopClock& clock_;
    net::HttpClient& client_;
    std::function<std::string(Duration)> trouble_;
    HeartbeatConfig config_;
    Counts counts_;
    std::string said_;  ///< what the log was told last, so that it is told of changes only
};

}  // namespace klaw::app
