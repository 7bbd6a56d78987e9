#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/deliver/digest_card.hpp"
#include "agent/deliver/urgency.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

/// Nobody is rung about what is over, or what somebody has taken.
bool endsRinging(const storage::Delivery& delivery);

/// What leaves in one call: one delivery, or several in a digest.
struct Shipment {
    std::vector<storage::Delivery> deliveries;
    std::string batchId;  ///< of a digest
    DigestCause cause = DigestCause::Rate;
    TimePoint retryAt{};  ///< after a failure
    unsigned failures = 0;
    std::map<std::string, std::string> nonces;  ///< of the buttons, by command
    /// Ids of older ones whose place it took and that storage still holds: they are done when it is.
    std::vector<std::string> replaced;
    bool makesMessage = false;                ///< its last try was to make a message, not to change one
    bool isStrange = false;                   ///< it was refused for a reason that nobody knows
    bool alone = false;                       ///< joins no digest
    std::vector<storage::Delivery> closings;  ///< to be made once it has arrived
    Gist gist;                                ///< of a single one

    Shipment() = default;
    explicit Shipment(storage::Delivery delivery);
    bool uncertain() const;
    bool rings() const;   ///< people, and shows nothing
    bool closes() const;  ///< an earlier message of the incident, which then shows it no more
    /// It is the card of its incidents, and not something beside it.
    bool shows() const { return !rings() && !closes(); }
    /// Whose order it keeps. None for what closes a message: it must not hold up the one that goes on.
    std::vector<std::string> incidents() const;
    TimePoint notBefore() const;
    /// Whether a newer picture says all that it says, and nobody can have seen it as a message of its own.
    bool mayBeReplaced() const;
};

/// What waits in one channel: first come, first served, and in order for each incident. Of an incident at most one
/// picture waits, behind what may already be in front of people. On the loop thread.
class DeliveryQueue {
public:
    using Shipments = std::list<Shipment>;
    using Place = Shipments::iterator;

    Place begin() { return shipments_.begin(); }
    Place end() { return shipments_.end(); }
    Shipments::const_iterator begin() const { return shipments_.begin(); }
    Shipments::const_iterator end() const { return shipments_.end(); }
    bool empty() const { return shipments_.empty(); }

    /// In the place of an older picture of its incident where there is one, else last.
    void add(Shipment shipment);
    /// What had left and failed: before everything else, unless a newer picture of its incident makes it useless.
    void giveBack(Shipment shipment);
    Shipment take(Place place);
    /// Storage has closed it. False when it does not wait here.
    bool drop(const std::string& deliveryId);
    /// Whether nothing older of its incidents waits.
    bool isNext(const Shipment& shipment) const;
    /// Whether nothing of that incident waits.
    bool isFree(const std::string& incident) const { return !lanes_.contains(incident); }
    /// Before `newer` is stored: it takes over from what it will replace here, whose ids are added to `closed`. False
    /// when that is nothing.
    bool handOver(storage::Delivery& newer, std::vector<std::string>& closed) const;

private:
    void index(Place place);
    void replace(Place older, Shipment newer);
    void wakeRings(const storage::Delivery& picture);
    void dropFromDigests(Shipment& newer);
    std::optional<Place> pictureOf(const std::string& incident) const;

    Shipments shipments_;
    std::unordered_map<std::string, std::deque<Place>> lanes_;  ///< of each incident, oldest first
    std::unordered_map<std::string, Place> places_;             ///< by delivery, also those that were replaced
};

}  // namespace klaw::deliver
