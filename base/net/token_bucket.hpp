#pragma once

#include <vector>

#include "base/time.hpp"

namespace klaw::net {

/// Allows `burst` at once and `burst` per `window` in any window: a sliding count, stricter than a leaking bucket,
/// because the platforms count within windows.
class TokenBucket {
public:
    /// With a burst of 0 nothing is ever allowed and readyAt is TimePoint::max().
    TokenBucket(unsigned burst, Duration window);
    /// Takes one if there is one.
    bool tryTake(TimePoint now);
    /// When the next one will be there; `now` when there is one.
    TimePoint readyAt(TimePoint now) const;
    unsigned available(TimePoint now) const;

private:
    /// How far a wall clock was set back since the last take; the remembered times move along, so nobody waits for
    /// hours.
    Duration setBack(TimePoint now) const;

    unsigned burst_;
    Duration window_;
    std::vector<TimePoint> taken_;  ///< ring of the last `burst` times
    std::size_t next_ = 0;
};

}  // namespace klaw::net
