#include <algorithm>

#include "agent/deliver/button_offers.hpp"
#include "agent/deliver/closing_card.hpp"
#include "agent/deliver/courier_channel.hpp"
#include "base/async/caught.hpp"
#include "notifiers/account.hpp"

namespace klaw::deliver {
namespace {

/// The wait for the end of quiet hours is nobody's failure.
TimePoint decidedAt(const storage::Delivery& delivery) {
    return delivery.quiet ? std::max(delivery.createdAt, delivery.notBefore) : delivery.createdAt;
}

}  // namespace

void CourierChannel::depart(Shipment shipment, TaskGroup& tasks, bool started) {
    ++inFlight_;
    shipment.makesMessage = makesMessage(shipment);
    for (const auto& incident : shipment.incidents()) busyIncidents_.insert(incident);
    tasks.spawn("delivery to " + name(), carry(std::move(shipment), started));
}

/// However the call ends, the channel and the incidents are free again.
struct CourierChannel::Flight {
    Flight(CourierChannel& of, const Shipment& shipment)
        : channel(of), alive(of.life_), incidents(shipment.incidents()) {}
    ~Flight() {
        if (alive.expired()) return;  // a call that outlives the courier
        --channel.inFlight_;
        for (const auto& incident : incidents) channel.busyIncidents_.erase(incident);
        channel.changed();
    }
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    CourierChannel& channel;
    std::weak_ptr<const int> alive;
    std::vector<std::string> incidents;
};

Task<void> CourierChannel::carry(Shipment shipment, bool started) {
    Flight flight(*this, shipment);
    if (started || co_await start(shipment)) {
        auto startedAt = clock_.now();
        auto receipt = co_await caught(send(shipment));
        // What was thrown does not say whether the card had left before.
        if (!receipt && receipt.error().code == ErrorCode::Internal) receipt.error().code = ErrorCode::OutcomeUnknown;
        if (receipt)
            arrived(std::move(shipment), *receipt, startedAt);
        else if (receipt.error().code != ErrorCode::Cancelled)
            failed(std::move(shipment), receipt.error(), startedAt);
    }
}

/// What the buttons stand for is durable before anybody can press one. A digest has none.
void CourierChannel::offerButtons(Shipment& shipment, storage::UnitOfWork& unit) {
    if (!limits_.buttonsCallBack || !shipment.batchId.empty()) return;
    auto made = offersFor(shipment.deliveries.front(), clock_.now(), random_);
    unit.offers = std::move(made.offers);
    shipment.nonces = std::move(made.nonces);
}

/// False when it does not leave now: all or a part of it was superseded meanwhile, or the start cannot be noted.
Task<bool> CourierChannel::start(Shipment& shipment) {
    storage::UnitOfWork unit;
    for (const auto& delivery : shipment.deliveries) {
        unit.deliveryStarts.push_back({delivery.id, shipment.batchId, clock_.now()});
        starting_.insert(delivery.id);
    }
    offerButtons(shipment, unit);
    auto started = co_await committed(commit_, loop_, std::move(unit));
    for (const auto& delivery : shipment.deliveries) starting_.erase(delivery.id);
    if (started) {
        for (const auto& delivery : shipment.deliveries) overtaken_.erase(delivery.id);
        co_return true;
    }
    if (started.error().code == ErrorCode::Conflict)
        giveBackRest(std::move(shipment));
    else
        failed(std::move(shipment), Error(started.error()).within("cannot note the start of a delivery"), clock_.now());
    co_return false;
}

/// What of a digest is still to be said: as the same digest where it had left before, else each for itself again.
void CourierChannel::giveBackRest(Shipment shipment) {
    auto gone = std::erase_if(shipment.deliveries,
                              [&](const storage::Delivery& delivery) { return overtaken_.erase(delivery.id) > 0; });
    bool digest = !shipment.batchId.empty();
    if (!digest || shipment.deliveries.empty()) return;
    if (shipment.failures > 0 && gone > 0) return queue_.giveBack(std::move(shipment));
    for (auto delivery = shipment.deliveries.rbegin(); delivery != shipment.deliveries.rend(); ++delivery) {
        Shipment single(std::move(*delivery));
        single.alone = gone == 0;
        single.replaced = std::exchange(shipment.replaced, {});
        queue_.giveBack(std::move(single));
    }
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
    auto card = std::move(cards.front());
    if (digest) {
        cards.front() = std::move(card);
        card = digestOf("digest-" + shipment.batchId, cards, shipment.cause, clock_.now());
    } else {
        putNonces(shipment.nonces, card);
    }
    for (const auto& [id, person] : card.mentions) {
        using Kind = notifiers::Mention::Kind;
        context.mentions.emplace_back(id == "all" ? Kind::All : Kind::UserId, id, person);
    }
    if (card.ring != rules::Ring::None) co_return co_await ring(shipment, std::move(card), std::move(context));
    auto reference = shipment.closes()       ? first.platformRef
                     : shipment.makesMessage ? std::string()
                                             : cards_.refOf(first.incidentId);
    if (!reference.empty()) {
        co_return co_await notifier->update(std::move(reference), std::move(card), std::move(context));
    }
    co_return co_await notifier->send(std::move(card), std::move(context));
}

/// Once: rather not at all than twice. About the card, so after it.
Task<Result<notifiers::Receipt>> CourierChannel::ring(const Shipment& shipment, notifiers::Card card,
                                                      notifiers::SendContext context) {
    constexpr unsigned patience = 8;  // tries; a card that left in a digest has no message of its own
    if (shipment.uncertain())
        co_return fail(ErrorCode::OutcomeUnknown, "it is not known whether people were rung; they are not rung again",
                       name());
    auto reference = cards_.refOf(shipment.deliveries.front().incidentId);
    if (reference.empty()) {
        Error early(ErrorCode::Unavailable, "the card to ring about has not arrived", name());
        if (shipment.failures < patience) early.retry = Retry::later();
        co_return fail(std::move(early));
    }
    auto notifier = notifier_;
    co_return co_await notifier->ring(std::move(reference), std::move(card), std::move(context));
}

void CourierChannel::arrived(Shipment shipment, const notifiers::Receipt& receipt, TimePoint startedAt) {
    bool recovered = !counters_.lastError.empty();
    counters_.lastError.clear();
    counters_.failingSince.reset();
    health_.worked();
    auto now = clock_.now();
    if (recovered)  // what failed with it need not wait out its pause
        for (auto& waiting : queue_)
            if (!waiting.isStrange) waiting.retryAt = std::min(waiting.retryAt, now);
    bool digest = !shipment.batchId.empty();
    if (digest) ++counters_.digests;
    for (const auto& delivery : shipment.deliveries) {
        const auto& ref = digest ? std::string() : receipt.platformRef;
        auto earlier = cards_.refOf(delivery.incidentId);
        bool anew = shipment.makesMessage || earlier != ref;
        bool takesOver = shipment.shows() && !earlier.empty() && !ref.empty() && earlier != ref;
        if (takesOver && !closed_) shipment.closings.push_back(closingOf(delivery, std::move(earlier), now));
        if (shipment.shows()) cards_.shown(delivery, digest ? gistOf(delivery) : shipment.gist, ref, anew, now);
        noteArrival(delivery);
    }
    record(shipment, storage::AttemptOutcome::Delivered, nullptr, &receipt, startedAt, now);
    for (auto& closing : shipment.closings) enqueue(std::move(closing));
}

void CourierChannel::noteArrival(const storage::Delivery& delivery) {
    ++counters_.delivered;
    told_.erase(delivery.incidentId);
    if (!events_.delivered) return;
    auto now = clock_.now();
    CardLatency latency{now - decidedAt(delivery), {}};
    if (delivery.causedAt && !delivery.quiet) latency.sinceEvent = std::max(Duration::zero(), now - *delivery.causedAt);
    events_.delivered(name(), counters_.kind, latency);
}

/// No call was made: it says nothing of the channel.
void CourierChannel::waitForCard(Shipment shipment, const Error& error, TimePoint startedAt) {
    ++shipment.failures;
    shipment.retryAt = clock_.now() + options_.firstRetry * shipment.failures;
    record(shipment, storage::AttemptOutcome::RetryLater, &error, nullptr, startedAt, shipment.retryAt);
    if (isPointless(shipment)) return drop(shipment);
    queue_.giveBack(std::move(shipment));
}

void CourierChannel::failed(Shipment shipment, const Error& error, TimePoint startedAt) {
    bool early = shipment.rings() && cards_.refOf(shipment.deliveries.front().incidentId).empty();
    if (early && error.retry.kind != Retry::Kind::Never) return waitForCard(std::move(shipment), error, startedAt);
    auto now = clock_.now();
    counters_.lastError = error.describe();
    for (const auto& delivery : shipment.deliveries)
        counters_.failingSince = std::min(counters_.failingSince.value_or(startedAt), decidedAt(delivery));
    bool forGood = closed_ || error.retry.kind == Retry::Kind::Never;
    if (events_.failed) events_.failed(name(), error, forGood);
    health_.failed(shipment, error, startedAt, now);
    bool down = takesNothing(now);
    if (!closed_ && (forGood || down || shipment.failures >= options_.undeliveredAfter)) tell(shipment);
    if (!closed_ && down) tellOfAll();
    if (forGood) {
        counters_.refused += shipment.deliveries.size();
        if (shipment.gist.ends) told_.erase(shipment.deliveries.front().incidentId);
        record(shipment, storage::AttemptOutcome::Refused, &error, nullptr, startedAt, now);
        return;
    }
    ++counters_.retried;
    bool unknown = error.code == ErrorCode::OutcomeUnknown;
    for (auto& delivery : shipment.deliveries) delivery.uncertain = delivery.uncertain || unknown;
    record(shipment, unknown ? storage::AttemptOutcome::Unknown : storage::AttemptOutcome::RetryLater, &error, nullptr,
           startedAt, shipment.retryAt);
    queue_.giveBack(std::move(shipment));
}

void CourierChannel::record(const Shipment& shipment, storage::AttemptOutcome outcome, const Error* error,
                            const notifiers::Receipt* receipt, TimePoint startedAt, TimePoint notBefore) {
    storage::UnitOfWork unit;
    auto now = clock_.now();
    bool finished = outcome == storage::AttemptOutcome::Delivered || outcome == storage::AttemptOutcome::Refused;
    if (finished) unit.supersededDeliveries = shipment.replaced;
    unit.newDeliveries = shipment.closings;
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
    if (limits_.account) unit.meta.push_back({"calls." + limits_.account->name(), limits_.account->toText()});
    commit_(std::move(unit), {});
}

}  // namespace klaw::deliver
