#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/metric/window_reading.hpp"
#include "rules/silence.hpp"
#include "storage/audit.hpp"
#include "storage/delivery.hpp"
#include "storage/object_change.hpp"
#include "storage/offer.hpp"
#include "storage/rule_revision.hpp"
#include "storage/silence_copy.hpp"

namespace klaw::storage {

struct MetaEntry {
    std::string key;
    std::string value;
};

/// Something that came in from a chat, by the platform's own identity of it.
struct InboundKey {
    std::string key;
    TimePoint at{};
};

/// What is committed together or not at all. Text may be invalid UTF-8; it is stored with U+FFFD in those places.
/// The members are applied in this order.
struct UnitOfWork {
    std::vector<InboundKey> inbound;                ///< Conflict when one of them is known
    std::vector<OfferUse> usedOffers;               ///< NotFound, Conflict, Expired as Offer::check()
    std::vector<rules::Alert> alerts;               ///< inserted or replaced by fingerprint
    std::vector<std::string> removedAlerts;         ///< fingerprints: withdrawn while pending
    std::vector<rules::Incident> incidents;         ///< inserted or replaced by id, unless a newer revision is there
    std::vector<rules::Silence> silences;           ///< inserted or replaced by id
    std::vector<SilenceCopy> silenceCopies;         ///< inserted or replaced by silence and Alertmanager
    std::vector<rules::EventCounter> counters;      ///< `seen` never falls; increases add up
    std::vector<rules::WindowReading> readings;     ///< inserted or replaced by series and place
    std::vector<ObjectChange> objectChanges;        ///< appended
    std::vector<RuleRevision> ruleRevisions;        ///< skipped when the newest of that name says the same
    bool ruleRevisionsAreAll = false;               ///< rules that are not among them are recorded as removed
    std::vector<Offer> offers;                      ///< Conflict when the nonce is known
    std::vector<std::string> supersededDeliveries;  ///< ids; those not finished, also uncertain ones
    std::vector<Delivery> newDeliveries;  ///< living cards supersede older queued ones of their incident and channel
    std::vector<DeliveryStart> deliveryStarts;  ///< also of new deliveries: stored and started in one commit
    std::vector<DeliveryResult> deliveryResults;
    std::vector<MetaEntry> meta;    ///< inserted or replaced by key; removed with an empty value
    std::vector<AuditEntry> audit;  ///< appended to the chain

    bool empty() const;
    /// Whether it may not be dropped while the disk is full: anything but pending alerts, counters, readings, changes
    /// of objects and meta.
    bool essential() const;
    /// Whether nothing is held up by it: only results of deliveries, counters, readings, changes of objects and
    /// meta.
    bool patient() const;
};

/// Told once a unit is durable.
struct Committed {
    std::vector<std::int64_t> auditSeqs;            ///< one for each of `audit`
    std::vector<RuleRevision> ruleRevisions;        ///< those written, with their numbers
    std::vector<std::string> supersededDeliveries;  ///< ids that will not be sent any more
};

}  // namespace klaw::storage
