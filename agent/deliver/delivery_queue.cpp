#include "agent/deliver/delivery_queue.hpp"

#include <algorithm>

#include "agent/deliver/closing_card.hpp"
#include "agent/deliver/delivery_planner.hpp"

namespace klaw::deliver {

Shipment::Shipment(storage::Delivery delivery) : gist(gistOf(delivery)) {
    deliveries.push_back(std::move(delivery));
}

bool Shipment::uncertain() const {
    return std::ranges::any_of(deliveries, &storage::Delivery::uncertain);
}

bool Shipment::rings() const {
    return deliveries.front().reason == ringReason;
}

bool Shipment::closes() const {
    return deliveries.front().reason == continuedReason;
}

std::vector<std::string> Shipment::incidents() const {
    std::vector<std::string> all;
    if (closes()) return all;
    for (const auto& delivery : deliveries)
        if (!delivery.incidentId.empty()) all.push_back(delivery.incidentId);
    return all;
}

TimePoint Shipment::notBefore() const {
    TimePoint latest = retryAt;
    for (const auto& delivery : deliveries) latest = std::max(latest, delivery.notBefore);
    return latest;
}

bool Shipment::mayBeReplaced() const {
    return batchId.empty() && deliveries.front().livingCard && !(uncertain() && makesMessage);
}

void DeliveryQueue::index(Place place) {
    for (const auto& delivery : place->deliveries) places_.insert_or_assign(delivery.id, place);
    for (const auto& id : place->replaced) places_.insert_or_assign(id, place);
}

void DeliveryQueue::add(Shipment shipment) {
    const auto& first = shipment.deliveries.front();
    if (shipment.batchId.empty() && first.livingCard && !first.incidentId.empty()) {
        if (auto older = pictureOf(first.incidentId)) return replace(*older, std::move(shipment));
        dropFromDigests(shipment);
    }
    auto place = shipments_.insert(shipments_.end(), std::move(shipment));
    index(place);
    for (const auto& incident : place->incidents()) lanes_[incident].push_back(place);
}

std::optional<DeliveryQueue::Place> DeliveryQueue::pictureOf(const std::string& incident) const {
    auto lane = lanes_.find(incident);
    if (lane == lanes_.end()) return std::nullopt;
    auto found =
        std::find_if(lane->second.rbegin(), lane->second.rend(), [](Place place) { return place->mayBeReplaced(); });
    return found == lane->second.rend() ? std::nullopt : std::optional(*found);
}

bool endsRinging(const storage::Delivery& delivery) {
    using Reason = rules::IncidentUpdate::Reason;
    return delivery.reason == rules::toString(Reason::Resolved) ||
           delivery.reason == rules::toString(Reason::Acknowledged);
}

bool DeliveryQueue::handOver(storage::Delivery& newer, std::vector<std::string>& closed) const {
    auto lane = lanes_.find(newer.incidentId);
    if (!newer.livingCard || lane == lanes_.end()) return false;
    bool replaces = false;
    bool ends = endsRinging(newer);  // taking over changes the reason
    for (auto place : lane->second) {
        if (place->rings()) {
            if (ends && !place->uncertain()) closed.push_back(place->deliveries.front().id);
            continue;
        }
        bool digest = !place->batchId.empty();
        if (digest ? place->uncertain() : !place->mayBeReplaced()) continue;
        if (!digest) closed.insert(closed.end(), place->replaced.begin(), place->replaced.end());
        for (const auto& delivery : place->deliveries) {
            if (delivery.incidentId != newer.incidentId || !delivery.livingCard) continue;
            takeOver(delivery, newer);
            closed.push_back(delivery.id);
            replaces = true;
        }
    }
    return replaces;
}

namespace {

/// What is known of the way to people stays known.
void inherit(const Shipment& older, Shipment& newer) {
    newer.failures = std::max(newer.failures, older.failures);
    newer.retryAt = std::max(newer.retryAt, older.retryAt);
    newer.isStrange = newer.isStrange || older.isStrange;
    takeOver(older.deliveries.front(), newer.deliveries.front());
    newer.gist = gistOf(newer.deliveries.front());
    newer.replaced.insert(newer.replaced.end(), older.replaced.begin(), older.replaced.end());
    newer.replaced.push_back(older.deliveries.front().id);
}

}  // namespace

void DeliveryQueue::replace(Place older, Shipment newer) {
    inherit(*older, newer);
    *older = std::move(newer);
    index(older);
    wakeRings(older->deliveries.front());
}

/// Whoever was to be rung when quiet hours end is rung with the card that does not wait for that.
void DeliveryQueue::wakeRings(const storage::Delivery& picture) {
    if (picture.quiet) return;
    for (auto place : lanes_.find(picture.incidentId)->second) {
        auto& waiting = place->deliveries.front();
        if (!place->rings() || !waiting.quiet) continue;
        waiting.quiet = false;
        waiting.notBefore = picture.notBefore;
    }
}

/// A digest that people may have seen leaves again as it was.
void DeliveryQueue::dropFromDigests(Shipment& newer) {
    auto& picture = newer.deliveries.front();
    auto lane = lanes_.find(picture.incidentId);
    if (lane == lanes_.end()) return;
    std::vector<std::string> overtaken;
    for (auto place : lane->second) {
        if (place->uncertain()) continue;
        for (const auto& delivery : place->deliveries) {
            if (delivery.incidentId != picture.incidentId || !delivery.livingCard) continue;
            takeOver(delivery, picture);
            overtaken.push_back(delivery.id);
        }
    }
    for (const auto& id : overtaken) drop(id);
    newer.gist = gistOf(picture);
    newer.replaced.insert(newer.replaced.end(), overtaken.begin(), overtaken.end());
}

void DeliveryQueue::giveBack(Shipment shipment) {
    auto newer = shipment.mayBeReplaced() ? pictureOf(shipment.deliveries.front().incidentId) : std::nullopt;
    if (newer) {
        inherit(shipment, **newer);
        return index(*newer);
    }
    auto place = shipments_.insert(shipments_.begin(), std::move(shipment));
    index(place);
    for (const auto& incident : place->incidents()) lanes_[incident].push_front(place);
}

Shipment DeliveryQueue::take(Place place) {
    for (const auto& id : place->replaced) places_.erase(id);
    for (const auto& delivery : place->deliveries) {
        places_.erase(delivery.id);
        auto lane = lanes_.find(delivery.incidentId);
        if (lane == lanes_.end()) continue;
        std::erase(lane->second, place);
        if (lane->second.empty()) lanes_.erase(lane);
    }
    auto shipment = std::move(*place);
    shipments_.erase(place);
    return shipment;
}

bool DeliveryQueue::drop(const std::string& deliveryId) {
    auto known = places_.find(deliveryId);
    if (known == places_.end()) return false;
    auto place = known->second;
    places_.erase(known);
    if (std::erase(place->replaced, deliveryId) > 0) return true;
    if (place->deliveries.size() == 1) {
        take(place);
        return true;
    }
    auto gone = std::ranges::find(place->deliveries, deliveryId, &storage::Delivery::id);
    if (auto lane = lanes_.find(gone->incidentId); lane != lanes_.end()) {
        std::erase(lane->second, place);
        if (lane->second.empty()) lanes_.erase(lane);
    }
    place->deliveries.erase(gone);
    return true;
}

bool DeliveryQueue::isNext(const Shipment& shipment) const {
    if (shipment.closes()) return true;
    return std::ranges::all_of(shipment.deliveries, [&](const storage::Delivery& delivery) {
        auto lane = lanes_.find(delivery.incidentId);
        return lane == lanes_.end() || &*lane->second.front() == &shipment;
    });
}

}  // namespace klaw::deliver
