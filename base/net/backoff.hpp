#pragma once

#include "base/random.hpp"
#include "base/time.hpp"

namespace klaw::net {

/// Exponential delays with full jitter in [delay/2, delay]; forgets its history after a healthy time.
class Backoff {
public:
    struct Limits {
        Duration first = 800ms;
        Duration longest = 30s;
        Duration healthyAfter = 60s;
    };
    Backoff(Random& random, Limits limits) : random_(random), limits_(limits), next_(limits.first) {}

    Duration next();
    /// Tells how long the connection lived that just ended; resets when that was healthy.
    void lived(Duration time);
    void reset() { next_ = limits_.first; }

private:
    Random& random_;
    Limits limits_;
    Duration next_;
};

}  // namespace klaw::net
