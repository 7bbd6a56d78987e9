#include "agent/deliver/courier.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

namespace klaw::deliver {
namespace {

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Of several pictures of an incident in one unit only the last one is sent. False when it is the first.
bool takeOverFrom(const std::vector<storage::Delivery*>& alike, storage::Delivery& delivery) {
    bool replaces = false;
    for (const auto* each : alike) {
        if (each == &delivery) break;
        if (!each->livingCard) continue;
        takeOver(*each, delivery);
        replaces = true;
    }
    return replaces;
}

/// With what was slept through goes all of it; what only refines needs something that it refines.
std::vector<storage::Delivery*> needlessOf(const std::vector<storage::Delivery*>& alike, storage::Delivery& delivery,
                                           bool replaces) {
    if (delivery.reason == sleptThroughReason) return {alike.begin(), std::ranges::find(alike, &delivery) + 1};
    if (delivery.onlyRefines && !replaces) return {&delivery};
    return {};
}

}  // namespace

Courier::Courier(Loop& loop, LoopClock& clock, Random& random, Commit commit, CourierOptions options,
                 CourierEvents events)
    : loop_(loop),
      clock_(clock),
      random_(random),
      commit_(std::move(commit)),
      options_(options),
      events_(std::move(events)),
      workers_(loop, reportFailure),
      calls_(loop, reportFailure) {}

void Courier::follow(std::vector<std::unique_ptr<notifiers::Notifier>> notifiers) {
    std::vector<std::unique_ptr<CourierChannel>> before = std::exchange(channels_, {});
    for (auto& notifier : notifiers) {
        auto known = std::ranges::find_if(
            before, [&](const auto& candidate) { return candidate && candidate->name() == notifier->name(); });
        if (known != before.end()) {
            (*known)->replaceNotifier(std::move(notifier));
            channels_.push_back(std::move(*known));
            continue;
        }
        channels_.push_back(
            std::make_unique<CourierChannel>(loop_, clock_, random_, commit_, std::move(notifier), options_, events_));
        if (started_) run(*channels_.back());
    }
    std::erase_if(closed_, [](const auto& channel) { return channel->ended(); });
    for (auto& gone : before) {
        if (!gone) continue;
        for (const auto& delivery : gone->close()) refuse(delivery);
        closed_.push_back(std::move(gone));
    }
}

CourierChannel* Courier::channel(std::string_view name) const {
    for (const auto& candidate : channels_)
        if (candidate->name() == name) return candidate.get();
    return nullptr;
}

void Courier::restore(const storage::RecoveredState& state) {
    for (const auto& card : state.cards)
        if (auto* known = channel(card.channel)) known->knowCard(card);
    std::map<std::pair<std::string, std::string>, std::vector<storage::Delivery>> batches;
    for (auto delivery : state.deliveries) {
        auto* target = channel(delivery.channel);
        if (!target) {
            refuse(delivery);
            continue;
        }
        if (delivery.state == storage::DeliveryState::Sending) delivery.uncertain = true;
        delivery.quiet = delivery.attempts == 0 && clock_.now() < delivery.notBefore;
        if (delivery.batchId.empty())
            target->enqueue(std::move(delivery));
        else
            batches[{delivery.channel, delivery.batchId}].push_back(std::move(delivery));
    }
    for (auto& [key, deliveries] : batches) channel(key.first)->enqueueBatch(key.second, std::move(deliveries));
}

/// A delivery that nobody can carry is closed, visibly.
void Courier::refuse(const storage::Delivery& delivery) {
    spdlog::error("a card for channel \"{}\" is given up: the channel is no longer configured", delivery.channel);
    storage::UnitOfWork unit;
    auto now = clock_.now();
    unit.deliveryStarts.push_back({delivery.id, delivery.batchId, now});
    storage::DeliveryResult result;
    result.deliveryId = delivery.id;
    result.outcome = storage::AttemptOutcome::Refused;
    result.code = "no_channel";
    result.text = "the channel is no longer configured";
    result.at = now;
    unit.deliveryResults.push_back(std::move(result));
    commit_(std::move(unit), {});
}

std::vector<std::string> Courier::claim(storage::UnitOfWork& unit) {
    std::vector<std::string> claimed;
    std::map<std::pair<std::string_view, std::string_view>, std::vector<storage::Delivery*>> pictures;
    std::set<std::string, std::less<>> needless;
    for (auto& delivery : unit.newDeliveries) pictures[{delivery.channel, delivery.incidentId}].push_back(&delivery);
    for (auto& delivery : unit.newDeliveries) {
        auto* target = channel(delivery.channel);
        if (!target) continue;
        auto& alike = pictures[{delivery.channel, delivery.incidentId}];
        bool replaces = target->prepare(delivery, unit);
        if (delivery.livingCard) replaces = takeOverFrom(alike, delivery) || replaces;
        auto unneeded = needlessOf(alike, delivery, replaces);
        for (auto* each : unneeded) {
            needless.insert(each->id);
            std::erase(alike, each);
        }
        if (!unneeded.empty()) continue;
        target->wake(delivery);
        if (alike.size() == 1 && target->claim(delivery, unit)) claimed.push_back(delivery.id);
    }
    std::erase_if(unit.newDeliveries, [&](const auto& delivery) { return needless.contains(delivery.id); });
    return claimed;
}

void Courier::commitDone(std::vector<storage::Delivery> deliveries, const std::vector<std::string>& claimed,
                         const storage::Committed& committed) {
    for (auto& delivery : deliveries) {
        auto* target = channel(delivery.channel);
        if (!target)
            refuse(delivery);
        else if (contains(claimed, delivery.id))
            target->sendClaimed(std::move(delivery), calls_);
        else
            target->enqueue(std::move(delivery));
    }
    for (const auto& id : committed.supersededDeliveries)
        for (const auto& candidate : channels_) candidate->superseded(id);
}

void Courier::commitFailed(const std::vector<storage::Delivery>& deliveries, const std::vector<std::string>& claimed) {
    for (const auto& delivery : deliveries)
        if (auto* target = channel(delivery.channel); target && contains(claimed, delivery.id))
            target->releaseClaim(delivery);
}

void Courier::start() {
    started_ = true;
    for (const auto& each : channels_) run(*each);
}

void Courier::run(CourierChannel& channel) {
    workers_.spawn("courier of " + channel.name(), channel.run(calls_));
}

Task<void> Courier::stop(Duration grace) {
    co_await workers_.stop();
    auto deadline = clock_.now() + grace;
    while (!calls_.empty() && clock_.now() < deadline) co_await clock_.sleepFor(10ms);
    co_await calls_.stop();
}

std::vector<ChannelStatus> Courier::status() const {
    std::vector<ChannelStatus> all;
    for (const auto& each : channels_) all.push_back(each->status());
    return all;
}

bool Courier::idle() const {
    return std::all_of(channels_.begin(), channels_.end(), [](const auto& each) { return each->idle(); });
}

}  // namespace klaw::deliver
