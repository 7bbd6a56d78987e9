#include "agent/deliver/channel_health.hpp"

#include <algorithm>

namespace klaw::deliver {
namespace {

constexpr unsigned quickTries = 3;  ///< of what is refused for an unknown reason
constexpr Duration firstStrangeRetry = 5min;
constexpr Duration shortestRound = 1s;  ///< failures within it are one of the channel

/// What it says of one card it would say of all. Credentials that may be corrected are no reason to give a card up.
bool isOutage(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::DeadlineExceeded ||
           error.code == ErrorCode::OutcomeUnknown || error.code == ErrorCode::Unauthenticated;
}

}  // namespace

void ChannelHealth::failed(Shipment& shipment, const Error& error, TimePoint startedAt, TimePoint now) {
    ++shipment.failures;
    shipment.isStrange = error.code == ErrorCode::Unsupported;
    if (error.retry.kind == Retry::Kind::Never) return;
    auto own = wait(shipment.failures, shipment.isStrange);
    if (error.retry.kind == Retry::Kind::After) own = std::max(own, error.retry.after);
    shipment.retryAt = now + own;
    if (error.code == ErrorCode::ResourceExhausted) pausedUntil_ = std::max(pausedUntil_, shipment.retryAt);
    if (!isOutage(error)) return;
    if (failures_ == 0 || startedAt >= failedAt_ + shortestRound) {
        ++failures_;
        failedAt_ = now;
    }
    auto all = wait(failures_, false);
    freshAt_ = failures_ > 1 ? now + std::min(all, options_.freshRetry) : TimePoint();
    triedAt_ = now + all;
}

void ChannelHealth::forget() {
    failures_ = 0;
    pausedUntil_ = {};
}

TimePoint ChannelHealth::readyAt(const Shipment& shipment) const {
    auto ready = pausedUntil_;
    if (failures_ > 0) ready = std::max(ready, shipment.failures == 0 ? freshAt_ : triedAt_);
    return ready;
}

bool ChannelHealth::isDown(TimePoint now) const {
    return failures_ >= options_.undeliveredAfter || pausedUntil_ >= now + options_.longPause;
}

std::optional<TimePoint> ChannelHealth::pausedUntil(TimePoint now) const {
    return pausedUntil_ > now ? std::optional(pausedUntil_) : std::nullopt;
}

Duration ChannelHealth::wait(unsigned failures, bool strange) {
    bool rarely = strange && failures > quickTries;
    auto wait = rarely ? firstStrangeRetry : options_.firstRetry;
    auto longest = rarely ? options_.longestStrangeRetry : options_.longestRetry;
    for (unsigned i = rarely ? quickTries + 1 : 1; i < failures && wait < longest; ++i) wait *= 2;
    wait = std::min(wait, longest);
    return wait / 2 + std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(
                          static_cast<double>(wait.count()) / 2 * random_.fraction()));
}

}  // namespace klaw::deliver
