#include "agent/deliver/courier_channel.hpp"

#include <algorithm>

#include "agent/deliver/button_offers.hpp"
#include "agent/deliver/digest_card.hpp"

namespace klaw::deliver {

bool CourierChannel::Shipment::uncertain() const {
    return std::any_of(deliveries.begin(), deliveries.end(),
                       [](const storage::Delivery& delivery) { return delivery.uncertain; });
}

CourierChannel::CourierChannel(Loop& loop, LoopClock& clock, Random& random, Commit commit,
                               std::unique_ptr<notifiers::Notifier> notifier, CourierOptions options,
                               CourierEvents events)
    : loop_(loop),
      clock_(clock),
      random_(random),
      commit_(std::move(commit)),
      notifier_(std::move(notifier)),
      options_(options),
      events_(std::move(events)),
      limits_(notifier_->limits()),
      changed_(loop) {
    for (const auto& budget : limits_.budgets) budgets_.emplace_back(budget.count, budget.window);
    counters_.name = notifier_->name();
    counters_.kind = notifier_->kind();
}

/// Of another kind it is another platform, with budgets of its own and without our cards.
void CourierChannel::replaceNotifier(std::unique_ptr<notifiers::Notifier> notifier) {
    bool sameKind = notifier_->kind() == notifier->kind();
    notifier_ = std::move(notifier);
    limits_ = notifier_->limits();
    pausedUntil_.reset();
    if (!sameKind) {
        budgets_.clear();
        for (const auto& budget : limits_.budgets) budgets_.emplace_back(budget.count, budget.window);
        cards_.clear();
        counters_.kind = notifier_->kind();
    }
    for (auto& waiting : queue_)
        if (waiting.failures > 0) waiting.notBefore = std::min(waiting.notBefore, clock_.now());
    ++version_;
    changed_.notify();
}

std::vector<storage::Delivery> CourierChannel::close() {
    closed_ = true;
    std::vector<storage::Delivery> left;
    while (!queue_.empty())
        for (auto& delivery : take(queue_.begin()).deliveries) left.push_back(std::move(delivery));
    ++version_;
    changed_.notify();
    return left;
}

void CourierChannel::enqueue(storage::Delivery delivery) {
    if (delivery.livingCard)
        if (auto older = pictures_.find(delivery.incidentId); older != pictures_.end()) take(older->second);
    Shipment shipment;
    shipment.notBefore = delivery.notBefore;
    shipment.deliveries.push_back(std::move(delivery));
    insert(queue_.end(), std::move(shipment));
}

void CourierChannel::enqueueBatch(std::string batchId, std::vector<storage::Delivery> deliveries) {
    Shipment shipment;
    shipment.batchId = std::move(batchId);
    for (const auto& delivery : deliveries) shipment.notBefore = std::max(shipment.notBefore, delivery.notBefore);
    shipment.deliveries = std::move(deliveries);
    insert(queue_.end(), std::move(shipment));
}

void CourierChannel::superseded(const std::string& deliveryId) {
    auto place = places_.find(deliveryId);
    if (place == places_.end()) return;
    auto at = place->second;
    auto shipment = take(at);
    std::erase_if(shipment.deliveries, [&](const storage::Delivery& delivery) { return delivery.id == deliveryId; });
    if (!shipment.deliveries.empty()) insert(queue_.end(), std::move(shipment));
}

CourierChannel::Queue::iterator CourierChannel::insert(Queue::iterator before, Shipment shipment) {
    auto place = queue_.insert(before, std::move(shipment));
    const auto& first = place->deliveries.front();
    bool replaceable = place->batchId.empty() && !place->uncertain() && first.livingCard && !first.incidentId.empty();
    if (replaceable) pictures_.insert_or_assign(first.incidentId, place);
    for (const auto& delivery : place->deliveries) places_.insert_or_assign(delivery.id, place);
    ++version_;
    changed_.notify();
    return place;
}

CourierChannel::Shipment CourierChannel::take(Queue::iterator place) {
    for (const auto& delivery : place->deliveries) {
        places_.erase(delivery.id);
        auto picture = pictures_.find(delivery.incidentId);
        if (picture != pictures_.end() && picture->second == place) pictures_.erase(picture);
    }
    auto shipment = std::move(*place);
    queue_.erase(place);
    return shipment;
}

/// Without a budget several calls run at once; a budget leaves no hurry.
std::size_t CourierChannel::capacity() const {
    return budgets_.empty() ? options_.parallel : 1;
}

bool CourierChannel::blocked(const Shipment& shipment) const {
    return std::any_of(shipment.deliveries.begin(), shipment.deliveries.end(), [&](const storage::Delivery& delivery) {
        return !delivery.incidentId.empty() && busyIncidents_.contains(delivery.incidentId);
    });
}

CourierChannel::Queue::iterator CourierChannel::nextReady(TimePoint now) {
    return std::find_if(queue_.begin(), queue_.end(),
                        [&](const Shipment& shipment) { return shipment.notBefore <= now && !blocked(shipment); });
}

bool CourierChannel::takeBudget(TimePoint now) {
    if (budgetReadyAt(now) > now) return false;
    for (auto& budget : budgets_) budget.tryTake(now);
    return true;
}

TimePoint CourierChannel::budgetReadyAt(TimePoint now) const {
    TimePoint ready = now;
    for (const auto& budget : budgets_) ready = std::max(ready, budget.readyAt(now));
    return ready;
}

/// When time alone may let something leave; nothing while all wait for an answer.
std::optional<TimePoint> CourierChannel::nextWake(TimePoint now) {
    if (inFlight_ >= capacity()) return std::nullopt;
    std::optional<TimePoint> wake;
    for (const auto& shipment : queue_)
        if (!blocked(shipment)) wake = wake ? std::min(*wake, shipment.notBefore) : shipment.notBefore;
    if (!wake) return std::nullopt;
    if (pausedUntil_) wake = std::max(*wake, *pausedUntil_);
    return std::max(*wake, budgetReadyAt(now));
}

Task<void> CourierChannel::run(TaskGroup& tasks) {
    running_ = true;
    while (!closed_) {
        auto now = clock_.now();
        if (pausedUntil_ && *pausedUntil_ <= now) pausedUntil_.reset();
        auto ready = pausedUntil_ || inFlight_ >= capacity() ? queue_.end() : nextReady(now);
        if (ready != queue_.end() && takeBudget(now)) {
            auto shipment = take(ready);
            gatherDigest(shipment, now);
            depart(std::move(shipment), tasks, false);
            continue;
        }
        auto seen = version_;
        auto changed = [this, seen] { return version_ != seen; };
        if (auto wake = nextWake(now))
            co_await changed_.until(changed, clock_, *wake);
        else
            co_await changed_.until(changed);
    }
    running_ = false;
}

/// The budget is about to run out and many wait: they leave together.
void CourierChannel::gatherDigest(Shipment& shipment, TimePoint now) {
    if (budgets_.empty() || !shipment.batchId.empty() || shipment.uncertain()) return;
    auto fits = [&](const Shipment& other) {
        return other.notBefore <= now && other.batchId.empty() && !other.uncertain() && !blocked(other);
    };
    auto waiting = static_cast<std::size_t>(std::count_if(queue_.begin(), queue_.end(), fits));
    std::size_t left = budgets_.front().available(now);
    for (const auto& budget : budgets_) left = std::min<std::size_t>(left, budget.available(now));
    if (waiting < options_.digestAbove || left > waiting / 2) return;
    for (auto other = queue_.begin(); other != queue_.end() && shipment.deliveries.size() < options_.digestAtMost;) {
        if (!fits(*other)) {
            ++other;
            continue;
        }
        auto next = std::next(other);
        shipment.deliveries.push_back(std::move(take(other).deliveries.front()));
        other = next;
    }
    shipment.batchId = random_.token(12);
}

bool CourierChannel::claim(const storage::Delivery& delivery, storage::UnitOfWork& unit) {
    auto now = clock_.now();
    bool first = queue_.empty() && inFlight_ < capacity() && !pausedUntil_ && delivery.notBefore <= now;
    if (!first || busyIncidents_.contains(delivery.incidentId) || !takeBudget(now)) return false;
    if (!delivery.incidentId.empty()) busyIncidents_.insert(delivery.incidentId);
    ++inFlight_;
    unit.deliveryStarts.push_back({delivery.id, {}, now});
    if (!limits_.buttonsCallBack) return true;
    auto made = offersFor(delivery, now, random_);
    std::ranges::move(made.offers, std::back_inserter(unit.offers));
    if (!made.nonces.empty()) claimedNonces_.emplace(delivery.id, std::move(made.nonces));
    return true;
}

void CourierChannel::releaseClaim(storage::Delivery delivery) {
    claimedNonces_.erase(delivery.id);
    busyIncidents_.erase(delivery.incidentId);
    --inFlight_;
    ++version_;
    changed_.notify();
}

void CourierChannel::sendClaimed(storage::Delivery delivery, TaskGroup& tasks) {
    busyIncidents_.erase(delivery.incidentId);
    --inFlight_;
    Shipment shipment;
    if (auto nonces = claimedNonces_.extract(delivery.id)) shipment.nonces = std::move(nonces.mapped());
    shipment.deliveries.push_back(std::move(delivery));
    depart(std::move(shipment), tasks, true);
}

void CourierChannel::depart(Shipment shipment, TaskGroup& tasks, bool started) {
    ++inFlight_;
    for (const auto& delivery : shipment.deliveries)
        if (!delivery.incidentId.empty()) busyIncidents_.insert(delivery.incidentId);
    tasks.spawn("delivery to " + name(), carry(std::move(shipment), started));
}

Task<void> CourierChannel::carry(Shipment shipment, bool started) {
    std::vector<std::string> incidents;
    for (const auto& delivery : shipment.deliveries) incidents.push_back(delivery.incidentId);
    if (started || co_await start(shipment)) {
        auto startedAt = clock_.now();
        auto receipt = co_await send(shipment);
        if (receipt)
            arrived(std::move(shipment), *receipt, startedAt);
        else if (receipt.error().code != ErrorCode::Cancelled)
            failed(std::move(shipment), receipt.error(), startedAt);
    }
    --inFlight_;
    for (const auto& incident : incidents) busyIncidents_.erase(incident);
    ++version_;
    changed_.notify();
}

/// What the buttons stand for is durable before anybody can press one. A digest has none.
void CourierChannel::offerButtons(Shipment& shipment, storage::UnitOfWork& unit) {
    if (!limits_.buttonsCallBack || !shipment.batchId.empty()) return;
    auto made = offersFor(shipment.deliveries.front(), clock_.now(), random_);
    unit.offers = std::move(made.offers);
    shipment.nonces = std::move(made.nonces);
}

/// False when there is nothing left to send: all of it was superseded meanwhile.
Task<bool> CourierChannel::start(Shipment& shipment) {
    storage::UnitOfWork unit;
    for (const auto& delivery : shipment.deliveries)
        unit.deliveryStarts.push_back({delivery.id, shipment.batchId, clock_.now()});
    offerButtons(shipment, unit);
    auto started = co_await committed(commit_, loop_, std::move(unit));
    if (started) co_return true;
    if (started.error().code == ErrorCode::Conflict) co_return false;
    failed(std::move(shipment), Error(started.error()).within("cannot note the start of a delivery"), clock_.now());
    co_return false;
}

Task<Result<notifiers::Receipt>> CourierChannel::send(const Shipment& shipment) {
    std::vector<notifiers::Card> cards;
    for (const auto& delivery : shipment.deliveries) {
        auto card = notifiers::cardFromJson(delivery.payload);
        if (!card) co_return fail(std::move(card).error());
        cards.push_back(std::move(*card));
    }
    const auto& first = shipment.deliveries.front();
    bool digest = !shipment.batchId.empty();
    auto notifier = notifier_;
    notifiers::SendContext context(digest ? storage::batchKey(shipment.batchId, first.channel) : first.idempotencyKey);
    context.mayRepeat = shipment.uncertain();
    if (digest) {
        auto id = "digest-" + shipment.batchId;
        co_return co_await notifier->send(digestOf(id, cards, clock_.now()), std::move(context));
    }
    putNonces(shipment.nonces, cards.front());
    for (const auto& [id, person] : cards.front().mentions) {
        using Kind = notifiers::Mention::Kind;
        context.mentions.emplace_back(id == "all" ? Kind::All : Kind::UserId, id, person);
    }
    auto known = cards_.find(first.incidentId);
    // A card that only changed in place would tell nobody what they must hear, nor would a call by name.
    using Reason = rules::IncidentUpdate::Reason;
    bool anew = first.reason == rules::toString(Reason::Reminded) || first.reason == rules::toString(Reason::Opened) ||
                !context.mentions.empty();
    if (!anew && limits_.canUpdate && known != cards_.end() && !known->second.empty()) {
        auto reference = known->second;
        co_return co_await notifier->update(std::move(reference), std::move(cards.front()), std::move(context));
    }
    co_return co_await notifier->send(std::move(cards.front()), std::move(context));
}

void CourierChannel::arrived(Shipment shipment, const notifiers::Receipt& receipt, TimePoint startedAt) {
    bool recovered = !counters_.lastError.empty();
    counters_.lastError.clear();
    counters_.failingSince.reset();
    if (recovered)  // what failed with it need not wait out its pause
        for (auto& waiting : queue_)
            if (waiting.failures > 0) waiting.notBefore = std::min(waiting.notBefore, clock_.now());
    if (!shipment.batchId.empty()) ++counters_.digests;
    auto now = clock_.now();
    forgetEnded(now);
    for (const auto& delivery : shipment.deliveries) {
        ++counters_.delivered;
        if (shipment.batchId.empty() && !delivery.incidentId.empty() && !receipt.platformRef.empty())
            cards_[delivery.incidentId] = receipt.platformRef;
        bool ends = delivery.reason == rules::toString(rules::IncidentUpdate::Reason::Resolved);
        if (!ends) ended_.erase(delivery.incidentId);
        if (ends && ended_.insert(delivery.incidentId).second) endings_.emplace_back(now, delivery.incidentId);
        if (!events_.delivered) continue;
        CardLatency latency{now - delivery.createdAt, {}};
        if (delivery.causedAt) latency.sinceEvent = std::max(Duration::zero(), now - *delivery.causedAt);
        events_.delivered(name(), counters_.kind, latency);
    }
    record(shipment, storage::AttemptOutcome::Delivered, nullptr, &receipt, startedAt, now);
}

/// A card is known for a while after its incident was resolved, as it may fire again.
void CourierChannel::forgetEnded(TimePoint now) {
    constexpr Duration keep = 10min;
    for (; !endings_.empty() && endings_.front().first + keep <= now; endings_.pop_front())
        if (ended_.erase(endings_.front().second) > 0) cards_.erase(endings_.front().second);
}

void CourierChannel::failed(Shipment shipment, const Error& error, TimePoint startedAt) {
    auto now = clock_.now();
    counters_.lastError = error.describe();
    for (const auto& delivery : shipment.deliveries)
        counters_.failingSince = std::min(counters_.failingSince.value_or(startedAt), delivery.createdAt);
    bool forGood = closed_ || error.retry.kind == Retry::Kind::Never;
    if (events_.failed) events_.failed(name(), error, forGood);
    ++shipment.failures;
    if (events_.undelivered && !closed_ && (forGood || shipment.failures == options_.undeliveredAfter))
        for (const auto& delivery : shipment.deliveries) events_.undelivered(name(), delivery.incidentId);
    if (forGood) {
        counters_.refused += shipment.deliveries.size();
        record(shipment, storage::AttemptOutcome::Refused, &error, nullptr, startedAt, now);
        return;
    }
    ++counters_.retried;
    auto wait = retryWait(shipment.failures);
    if (error.retry.kind == Retry::Kind::After) wait = std::max(wait, error.retry.after);
    shipment.notBefore = now + wait;
    if (error.code == ErrorCode::ResourceExhausted)
        pausedUntil_ = std::max(pausedUntil_.value_or(now), shipment.notBefore);
    bool unknown = error.code == ErrorCode::OutcomeUnknown;
    for (auto& delivery : shipment.deliveries) delivery.uncertain = delivery.uncertain || unknown;
    record(shipment, unknown ? storage::AttemptOutcome::Unknown : storage::AttemptOutcome::RetryLater, &error, nullptr,
           startedAt, shipment.notBefore);
    insert(queue_.begin(), std::move(shipment));
}

/// Of a card's own failures: a hundred cards that fail at once are one failure of the channel.
Duration CourierChannel::retryWait(unsigned failures) {
    auto wait = options_.firstRetry;
    for (unsigned i = 1; i < failures && wait < options_.longestRetry; ++i) wait *= 2;
    wait = std::min(wait, options_.longestRetry);
    return wait / 2 + std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(
                          static_cast<double>(wait.count()) / 2 * random_.fraction()));
}

void CourierChannel::record(const Shipment& shipment, storage::AttemptOutcome outcome, const Error* error,
                            const notifiers::Receipt* receipt, TimePoint startedAt, TimePoint notBefore) {
    storage::UnitOfWork unit;
    auto now = clock_.now();
    for (const auto& delivery : shipment.deliveries) {
        storage::DeliveryResult result;
        result.deliveryId = delivery.id;
        result.outcome = outcome;
        result.latency = now - startedAt;
        if (error) {
            result.code = toString(error->code);
            result.text = error->describe();
        }
        if (receipt) {
            result.text = receipt->detail;
            result.platformRef = receipt->platformRef;
        }
        result.at = now;
        result.notBefore = notBefore;
        unit.deliveryResults.push_back(std::move(result));
        if (outcome == storage::AttemptOutcome::Refused)
            unit.audit.push_back(
                {now, "klaw", "delivery", "failed", delivery.channel + "/" + delivery.incidentId, "{}"});
    }
    commit_(std::move(unit), {});
}

ChannelStatus CourierChannel::status() const {
    auto status = counters_;
    for (const auto& shipment : queue_) status.queued += shipment.deliveries.size();
    status.inFlight = inFlight_;
    status.pausedUntil = pausedUntil_;
    return status;
}

}  // namespace klaw::deliver
