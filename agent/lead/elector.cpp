#include "agent/lead/elector.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/async/caught.hpp"

namespace klaw::lead {
namespace {

/// Those who wait look oftener than the leader renews: they learn early that it has gone in good order.
constexpr Duration looksAtLeast = 1s;
constexpr Duration shortestPatience = 1s;
constexpr Duration resigningTakes = 2s;

}  // namespace

Elector::Elector(LeaseStore& store, LoopClock& clock, Tenure::Elapsed elapsed, Random& random, Tenure& tenure,
                 ElectionOptions options, Events events)
    : store_(store),
      clock_(clock),
      elapsed_(std::move(elapsed)),
      random_(random),
      tenure_(tenure),
      options_(std::move(options)),
      events_(std::move(events)) {}

Task<void> Elector::run() {
    for (;;) {
        auto outcome = co_await caught(attempt());
        if (leads_ && !tenure_.check()) co_return;
        note(outcome);
        auto wait = pause(outcome.has_value());
        co_await clock_.sleepFor(wait);
    }
}

/// Where the answer to a renewal did not come, or was that somebody else has written, one looks first.
Task<Result<void>> Elector::attempt() {
    if (leads_ && trouble_.empty()) {
        auto renewed = co_await renew();
        if (renewed || !tenure_.check()) co_return renewed;
    }
    co_return co_await look();
}

Task<Result<void>> Elector::renew() {
    auto lease = mine(*seen_);
    co_return co_await write(std::move(lease));
}

Task<Result<void>> Elector::look() {
    auto timeout = patience();
    auto found = co_await store_.get(timeout);
    if (!found && found.error().code != ErrorCode::NotFound) co_return fail(std::move(found).error());
    auto lease = found ? std::move(*found) : Lease();
    see(lease);
    if (!lease.holder.empty() && lease.holder != options_.identity) {
        if (leads_) tenure_.end(lease.holder + " leads now");
        if (leads_ || isAlive()) co_return Result<void>();
    }
    auto wanted = mine(lease);
    co_return co_await write(std::move(wanted));
}

Task<Result<void>> Elector::write(Lease lease) {
    auto began = elapsed_();
    auto timeout = patience();
    bool isNew = lease.resourceVersion.empty();
    auto writing = isNew ? store_.create(std::move(lease), timeout) : store_.update(std::move(lease), timeout);
    auto written = co_await std::move(writing);
    if (!written) {
        bool wasLate = !leads_ && written.error().code == ErrorCode::Conflict;
        if (wasLate) co_return Result<void>();  // another candidate was earlier: who, the next look says
        co_return fail(std::move(written).error());
    }
    see(std::move(*written));
    renewedAt_ = began;
    tenure_.extendTo(began + options_.renewWithin);
    if (!leads_ && tenure_.holds()) {
        leads_ = true;
        events_.elected();
    }
    co_return Result<void>();
}

Lease Elector::mine(const Lease& before) const {
    auto lease = before;
    auto now = formatMicroTime(clock_.now());
    bool renewal = before.holder == options_.identity;
    lease.holder = options_.identity;
    lease.seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.lasts).count();
    lease.renewTime = now;
    if (renewal) return lease;
    lease.acquireTime = now;
    if (!before.resourceVersion.empty()) ++lease.transitions;
    return lease;
}

void Elector::see(Lease lease) {
    bool sameHolder = seen_ && seen_->holder == lease.holder;
    if (!seen_ || !seen_->sameRecord(lease)) seenAt_ = elapsed_();
    seen_ = std::move(lease);
    if (sameHolder) return;
    if (seen_->holder != options_.identity && !seen_->holder.empty()) spdlog::info("{} leads", seen_->holder);
    if (events_.changed) events_.changed();
}

bool Elector::isAlive() const {
    return elapsed_() < seenAt_ + std::chrono::seconds(seen_->seconds);
}

void Elector::note(const Result<void>& outcome) {
    auto before = std::exchange(trouble_, outcome ? "" : outcome.error().describe());
    if (before == trouble_) return;
    if (!outcome) spdlog::warn("the lease of the leader cannot be {}: {}", leads_ ? "renewed" : "read", trouble_);
    if (before.empty() == outcome.has_value()) return;
    if (outcome) spdlog::info("the lease of the leader can be {} again", leads_ ? "renewed" : "read");
    if (events_.changed) events_.changed();
}

/// Of one request.
Duration Elector::patience() const {
    auto half = std::max(options_.renewWithin / 2, shortestPatience);
    if (!leads_) return half;
    return std::clamp(renewedAt_ + options_.renewWithin - elapsed_(), Duration(1ms), half);
}

/// A candidate wakes when the lease that it has seen runs out, if that is earlier. They do not all look at once.
Duration Elector::pause(bool worked) {
    if (leads_) return worked ? options_.retry : std::min(options_.retry, looksAtLeast);
    auto wait = std::min(options_.retry, looksAtLeast);
    wait += std::chrono::duration_cast<Duration>(wait * (0.2 * random_.fraction()));
    if (!worked || !seen_ || seen_->holder.empty()) return wait;
    auto runsOut = seenAt_ + std::chrono::seconds(seen_->seconds) - elapsed_();
    return std::clamp(runsOut, Duration(1ms), wait);
}

Task<void> Elector::resign() {
    if (!leads_) co_return;
    leads_ = false;
    tenure_.giveUp();
    auto lease = *seen_;
    lease.holder.clear();
    lease.seconds = 1;
    lease.renewTime = lease.acquireTime = formatMicroTime(clock_.now());
    auto written = co_await store_.update(std::move(lease), resigningTakes);
    if (written)
        spdlog::info("the lease is given up");
    else
        spdlog::warn("the lease could not be given up, others wait until it has run out: {}",
                     written.error().describe());
}

}  // namespace klaw::lead
