#include "agent/deliver/courier_channel.hpp"

#include <algorithm>

#include "agent/deliver/button_offers.hpp"
#include "notifiers/account.hpp"

namespace klaw::deliver {
namespace {

using Allowance = notifiers::Account::Allowance;

/// The shortest time between two changes of numbers while the month's calls are scarce.
constexpr Duration scarceGap = 1h;

Allowance allowanceOf(const notifiers::NotifierLimits& limits) {
    return limits.account ? limits.account->allowance() : Allowance::Plenty;
}

}  // namespace

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
      health_(random, options_),
      changed_(loop) {
    for (const auto& budget : limits_.budgets) budgets_.emplace_back(budget.count, budget.window);
    counters_.name = notifier_->name();
    counters_.kind = notifier_->kind();
}

void CourierChannel::changed() {
    ++version_;
    changed_.notify();
}

/// Of another kind it is another platform, with budgets of its own and without our cards.
void CourierChannel::replaceNotifier(std::unique_ptr<notifiers::Notifier> notifier) {
    bool sameKind = notifier_->kind() == notifier->kind();
    notifier_ = std::move(notifier);
    limits_ = notifier_->limits();
    health_.forget();
    if (!sameKind) {
        budgets_.clear();
        for (const auto& budget : limits_.budgets) budgets_.emplace_back(budget.count, budget.window);
        cards_.clear();
        counters_.kind = notifier_->kind();
    }
    for (auto& waiting : queue_) waiting.retryAt = {};
    changed();
}

std::vector<storage::Delivery> CourierChannel::close() {
    closed_ = true;
    std::vector<storage::Delivery> left;
    while (!queue_.empty())
        for (auto& delivery : queue_.take(queue_.begin()).deliveries) left.push_back(std::move(delivery));
    changed();
    return left;
}

void CourierChannel::enqueue(storage::Delivery delivery) {
    Shipment shipment(std::move(delivery));
    if (isPointless(shipment)) return drop(shipment);
    shipment.makesMessage = makesMessage(shipment);
    if (auto now = clock_.now(); takesNothing(now) && !sleeps(shipment, now)) tell(shipment);
    queue_.add(std::move(shipment));
    changed();
}

void CourierChannel::enqueueBatch(std::string batchId, std::vector<storage::Delivery> deliveries) {
    Shipment shipment;
    shipment.batchId = std::move(batchId);
    shipment.deliveries = std::move(deliveries);
    shipment.makesMessage = true;
    for (const auto& delivery : shipment.deliveries)
        shipment.failures = std::max(shipment.failures, static_cast<unsigned>(delivery.attempts));
    queue_.add(std::move(shipment));
    changed();
}

void CourierChannel::superseded(const std::string& deliveryId) {
    if (!queue_.drop(deliveryId) && starting_.contains(deliveryId)) overtaken_.insert(deliveryId);
    changed();
}

bool CourierChannel::prepare(storage::Delivery& delivery, storage::UnitOfWork& unit) {
    constexpr std::size_t mostTaken = 1000;
    constexpr Duration onItsWay = 1h;   // longer than any ring waits
    bool ends = endsRinging(delivery);  // handing over changes the reason
    bool replaces = queue_.handOver(delivery, unit.supersededDeliveries);
    if (!ends) return replaces;
    taken_[delivery.incidentId] = delivery.createdAt;
    if (taken_.size() > mostTaken)
        std::erase_if(taken_, [&](const auto& each) { return each.second + onItsWay < delivery.createdAt; });
    return replaces;
}

/// A ring that was not in the queue yet, or not there again, when somebody took what it is about.
bool CourierChannel::isPointless(const Shipment& shipment) const {
    if (!shipment.rings() || shipment.uncertain()) return false;
    auto taken = taken_.find(shipment.deliveries.front().incidentId);
    return taken != taken_.end() && taken->second >= shipment.deliveries.front().createdAt;
}

void CourierChannel::drop(const Shipment& shipment) {
    storage::UnitOfWork unit;
    unit.supersededDeliveries.push_back(shipment.deliveries.front().id);
    commit_(std::move(unit), {});
}

void CourierChannel::wake(storage::Delivery& delivery) const {
    if (!delivery.quiet || makesMessage(Shipment(delivery))) return;
    delivery.quiet = false;
    delivery.notBefore = delivery.createdAt;
}

/// Of calls at once. A channel in trouble is not pressed.
std::size_t CourierChannel::capacity() const {
    if (health_.isTroubled()) return 1;
    return budgets_.empty() ? options_.parallel : options_.parallelInBudget;
}

bool CourierChannel::isBusy(const Shipment& shipment) const {
    if (shipment.closes()) return false;
    return std::ranges::any_of(shipment.deliveries, [&](const storage::Delivery& delivery) {
        return !delivery.incidentId.empty() && busyIncidents_.contains(delivery.incidentId);
    });
}

/// A card that only changed in place would tell nobody what they must hear, nor would a call by name.
bool CourierChannel::makesMessage(const Shipment& shipment) const {
    if (shipment.closes()) return false;
    if (!shipment.batchId.empty() || !limits_.canUpdate || shipment.gist.urgency == Urgency::Call) return true;
    return cards_.refOf(shipment.deliveries.front().incidentId).empty();
}

/// Its message may have arrived since it began to wait for the end of quiet hours.
TimePoint CourierChannel::notBefore(const Shipment& shipment) const {
    bool changes = shipment.deliveries.front().quiet && !makesMessage(shipment);
    return changes ? shipment.retryAt : shipment.notBefore();
}

/// Nobody may hear of it yet: a channel in trouble does not matter to it.
bool CourierChannel::sleeps(const Shipment& shipment, TimePoint now) const {
    return shipment.deliveries.front().quiet && now < notBefore(shipment);
}

TimePoint CourierChannel::readyAt(const Shipment& shipment) const {
    auto ready = std::max(notBefore(shipment), health_.readyAt(shipment));
    bool scarce = allowanceOf(limits_) != Allowance::Plenty;
    bool saves = scarce && shipment.gist.urgency == Urgency::Quiet;
    if (!shipment.batchId.empty() || (shipment.gist.isReply && !saves)) return ready;
    if (limits_.canUpdate) {
        auto gap = scarce ? std::max(limits_.updateGap, scarceGap) : limits_.updateGap;
        ready = std::max(ready, cards_.changeableAt(shipment.deliveries.front(), shipment.gist, gap));
    }
    return waitsForDigest(shipment) ? std::max(ready, nextDigest_) : ready;
}

/// While the month's calls are scarce, new messages leave in digests, but for the critical ones; and everything does
/// when there are none left.
bool CourierChannel::waitsForDigest(const Shipment& shipment) const {
    auto allowance = allowanceOf(limits_);
    if (allowance == Allowance::Plenty) return false;
    bool critical = shipment.gist.severity == rules::Severity::Critical && !shipment.gist.passed;
    return allowance == Allowance::Spent || (!critical && makesMessage(shipment));
}

/// What is over already is not what a channel in trouble is tried with: it leaves together once others arrive.
bool CourierChannel::passedMayLeave(TimePoint now) const {
    auto waits = [&](const Shipment& shipment) { return !shipment.gist.passed && !sleeps(shipment, now); };
    return !health_.isTroubled() || std::ranges::none_of(queue_, waits);
}

bool CourierChannel::mayLeave(const Shipment& shipment, bool passedMay) const {
    return (passedMay || !shipment.gist.passed) && !isBusy(shipment) && queue_.isNext(shipment);
}

DeliveryQueue::Place CourierChannel::nextReady(TimePoint now) {
    bool passedMay = passedMayLeave(now);
    return std::find_if(queue_.begin(), queue_.end(), [&](const Shipment& shipment) {
        return readyAt(shipment) <= now && mayLeave(shipment, passedMay);
    });
}

bool CourierChannel::takeBudget(TimePoint now) {
    if (budgetReadyAt(now) > now) return false;
    for (auto& budget : budgets_) budget.tryTake(now);
    if (limits_.account) limits_.account->take(now);
    return true;
}

TimePoint CourierChannel::budgetReadyAt(TimePoint now) const {
    TimePoint ready = limits_.account ? limits_.account->readyAt(now) : now;
    for (const auto& budget : budgets_) ready = std::max(ready, budget.readyAt(now));
    return ready;
}

/// When time alone may let something leave; nothing while all wait for an answer.
std::optional<TimePoint> CourierChannel::nextWake(TimePoint now) const {
    if (inFlight_ >= capacity()) return std::nullopt;
    std::optional<TimePoint> wake;
    bool passedMay = passedMayLeave(now);
    for (const auto& shipment : queue_) {
        if (!mayLeave(shipment, passedMay)) continue;
        auto ready = readyAt(shipment);
        wake = wake ? std::min(*wake, ready) : ready;
    }
    if (!wake) return std::nullopt;
    return std::max(*wake, budgetReadyAt(now));
}

Task<void> CourierChannel::run(TaskGroup& tasks) {
    running_ = true;
    while (!closed_) {
        auto now = clock_.now();
        auto ready = inFlight_ >= capacity() ? queue_.end() : nextReady(now);
        if (ready != queue_.end() && takeBudget(now)) {
            auto shipment = queue_.take(ready);
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

/// Nothing arrives here for now: whoever stands in must hear of what waits.
bool CourierChannel::takesNothing(TimePoint now) const {
    return health_.isDown(now) || allowanceOf(limits_) == Allowance::Spent;
}

void CourierChannel::tell(const Shipment& shipment) {
    if (!shipment.shows() || !events_.undelivered) return;
    bool isUnderWay = !toTell_.empty();
    for (const auto& delivery : shipment.deliveries)
        if (told_.insert(delivery.incidentId).second) toTell_.push_back(delivery.incidentId);
    if (!isUnderWay && !toTell_.empty()) tellSoon();
}

void CourierChannel::tellOfAll() {
    auto now = clock_.now();
    for (const auto& waiting : queue_)
        if (!sleeps(waiting, now)) tell(waiting);
}

/// A few at a time: each is written down, and thousands may wait.
void CourierChannel::tellNext() {
    constexpr int atOnce = 20;
    for (int told = 0; told < atOnce && !toTell_.empty(); ++told) {
        auto incident = std::move(toTell_.front());
        toTell_.pop_front();
        events_.undelivered(name(), incident);
    }
    if (!toTell_.empty()) tellSoon();
}

void CourierChannel::tellSoon() {
    loop_.post([this, alive = std::weak_ptr(life_)] {
        if (!alive.expired()) tellNext();
    });
}

/// What changes a message that is there stays out of digests, as that message would go on saying what is not so.
bool CourierChannel::mayJoin(const Shipment& shipment) const {
    bool alone = shipment.alone || !shipment.batchId.empty() || shipment.uncertain() || shipment.gist.isReply ||
                 !shipment.shows();
    return !alone && (makesMessage(shipment) || allowanceOf(limits_) == Allowance::Spent);
}

std::optional<DigestCause> CourierChannel::digestCause(const Shipment& first, TimePoint now) const {
    if (!mayJoin(first)) return std::nullopt;
    if (waitsForDigest(first)) return DigestCause::Month;
    if (first.gist.passed) return DigestCause::Passed;
    if (budgets_.empty()) return std::nullopt;
    auto waits = [&](const Shipment& other) {
        return mayJoin(other) && readyAt(other) <= now && !isBusy(other) && queue_.isNext(other);
    };
    auto waiting = static_cast<std::size_t>(std::count_if(queue_.begin(), queue_.end(), waits));
    std::size_t left = budgets_.front().available(now);
    for (const auto& budget : budgets_) left = std::min<std::size_t>(left, budget.available(now));
    if (waiting < options_.digestAbove || left > waiting / 2) return std::nullopt;
    return DigestCause::Rate;
}

/// Where too much waits for what the channel may be given, it leaves together.
void CourierChannel::gatherDigest(Shipment& shipment, TimePoint now) {
    auto cause = digestCause(shipment, now);
    if (!cause) return;
    bool passed = cause == DigestCause::Passed;
    auto atMost = passed ? options_.passedAtMost : options_.digestAtMost;
    auto joins = [&](const Shipment& other) {
        bool alike = passed ? other.gist.passed : readyAt(other) <= now;
        return alike && mayJoin(other) && !sleeps(other, now) && !isBusy(other) && queue_.isNext(other);
    };
    for (auto other = queue_.begin(); other != queue_.end() && shipment.deliveries.size() < atMost;) {
        auto next = std::next(other);
        if (joins(*other)) {
            auto joined = queue_.take(other);
            shipment.deliveries.push_back(std::move(joined.deliveries.front()));
            std::ranges::move(joined.replaced, std::back_inserter(shipment.replaced));
        }
        other = next;
    }
    if (cause == DigestCause::Month)
        nextDigest_ =
            now + (allowanceOf(limits_) == Allowance::Spent ? options_.spentDigestEvery : options_.scarceDigestEvery);
    if (shipment.deliveries.size() == 1) return;
    shipment.batchId = random_.token(12);
    shipment.cause = *cause;
}

bool CourierChannel::claim(const storage::Delivery& delivery, storage::UnitOfWork& unit) {
    if (inFlight_ >= capacity() || !queue_.isFree(delivery.incidentId)) return false;
    auto now = clock_.now();
    Shipment shipment(delivery);
    if (isBusy(shipment) || waitsForDigest(shipment) || readyAt(shipment) > now) return false;
    if (nextReady(now) != queue_.end() || !takeBudget(now)) return false;
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
    changed();
}

void CourierChannel::sendClaimed(storage::Delivery delivery, TaskGroup& tasks) {
    busyIncidents_.erase(delivery.incidentId);
    --inFlight_;
    auto nonces = claimedNonces_.extract(delivery.id);
    Shipment shipment(std::move(delivery));
    if (nonces) shipment.nonces = std::move(nonces.mapped());
    depart(std::move(shipment), tasks, true);
}

ChannelStatus CourierChannel::status() const {
    auto status = counters_;
    for (const auto& shipment : queue_) status.queued += shipment.deliveries.size();
    status.inFlight = inFlight_;
    status.pausedUntil = health_.pausedUntil(clock_.now());
    return status;
}

}  // namespace klaw::deliver
