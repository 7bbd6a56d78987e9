#pragma once

#include <optional>

#include "agent/deliver/courier_options.hpp"
#include "agent/deliver/delivery_queue.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace klaw::deliver {

/// Whether a channel takes what it is given, and how long what waits must wait for it. A channel that is down is asked
/// with one card at a time, ever more rarely: a hundred cards that fail are one failure of the channel. On the loop
/// thread.
class ChannelHealth {
public:
    ChannelHealth(Random& random, const CourierOptions& options) : random_(random), options_(options) {}

    void worked() { failures_ = 0; }
    /// Counts it for the shipment, and says when that may leave again.
    void failed(Shipment& shipment, const Error& error, TimePoint startedAt, TimePoint now);
    /// It is another channel now.
    void forget();

    /// When the channel is ready for it.
    TimePoint readyAt(const Shipment& shipment) const;
    bool isTroubled() const { return failures_ > 0; }
    /// Nothing arrives, and that will not be otherwise soon.
    bool isDown(TimePoint now) const;
    std::optional<TimePoint> pausedUntil(TimePoint now) const;

private:
    Duration wait(unsigned failures, bool strange);

    Random& random_;
    const CourierOptions& options_;
    unsigned failures_ = 0;  ///< in a row, those at about the same time counted once
    TimePoint failedAt_{};
    TimePoint freshAt_{};
    TimePoint triedAt_{};
    TimePoint pausedUntil_{};
};

}  // namespace klaw::deliver
