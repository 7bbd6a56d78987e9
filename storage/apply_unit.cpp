#include "storage/apply_unit.hpp"

#include "base/digest.hpp"
#include "storage/json_codec.hpp"

namespace klaw::storage {
namespace {

Result<void> putAlert(Database& database, const rules::Alert& alert) {
    return database.run(
        "INSERT INTO alerts (fingerprint, rule, cluster, state, resolved_at, updated_at, json) VALUES (?, ?, ?, ?, ?, "
        "?, ?) ON CONFLICT (fingerprint) DO UPDATE SET rule = excluded.rule, cluster = excluded.cluster, state = "
        "excluded.state, resolved_at = excluded.resolved_at, updated_at = excluded.updated_at, json = excluded.json",
        alert.fingerprint, alert.rule, alert.cluster, rules::toString(alert.state()), alert.resolvedAt, alert.updatedAt,
        toJson(alert));
}

Result<void> putIncident(Database& database, const rules::Incident& incident) {
    return database.run(
        "INSERT INTO incidents (id, rule, cluster, opened_at, resolved_at, updated_at, revision, json) VALUES (?, ?, "
        "?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at, updated_at = excluded.updated_at, revision "
        "= excluded.revision, json = excluded.json "
        "WHERE excluded.revision >= incidents.revision",
        incident.id, incident.rule, incident.cluster, incident.openedAt, incident.resolvedAt, incident.updatedAt,
        incident.revision, toJson(incident));
}

Result<void> putCounter(Database& database, const rules::EventCounter& counter) {
    auto seen = database.run(
        "INSERT INTO event_counts (cluster, rule, \"window\", event_uid, seen, at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (cluster, rule, \"window\", event_uid) DO UPDATE SET "
        "seen = CASE WHEN excluded.seen > event_counts.seen THEN excluded.seen ELSE event_counts.seen END, "
        "at = CASE WHEN excluded.at > event_counts.at THEN excluded.at ELSE event_counts.at END",
        counter.cluster, counter.rule, counter.window, counter.eventUid, counter.seen, counter.at);
    if (!seen || counter.increase == 0) return seen;
    return database.run(
        "INSERT INTO event_increases (cluster, rule, \"window\", event_uid, seen, increase, at) VALUES (?, ?, ?, ?, ?, "
        "?, ?)",
        counter.cluster, counter.rule, counter.window, counter.eventUid, counter.seen, counter.increase, counter.at);
}

Result<void> putReading(Database& database, const rules::WindowReading& kept) {
    const auto& reading = kept.reading;
    return database.run(
        "INSERT INTO window_readings (series, place, at, value, counter, count) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (series, place) DO UPDATE SET at = excluded.at, value = excluded.value, counter = "
        "excluded.counter, count = excluded.count",
        kept.series, std::int64_t{kept.place}, reading.at, reading.value, reading.counter, std::int64_t{reading.count});
}

Result<void> putObjectChange(Database& database, const ObjectChange& change) {
    return database.run(
        "INSERT INTO object_changes (cluster, ns, kind, name, at, what, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        change.cluster, change.ns, change.kind, change.name, change.at, change.what, change.by);
}

Result<void> putSilence(Database& database, const rules::Silence& silence) {
    return database.run(
        "INSERT INTO silences (id, starts_at, ends_at, json) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "starts_at = excluded.starts_at, ends_at = excluded.ends_at, json = excluded.json",
        silence.id, silence.startsAt, silence.endsAt, toJson(silence));
}

Result<void> putSilenceCopy(Database& database, const SilenceCopy& copy) {
    return database.run(
        "INSERT INTO silence_copies (silence_id, alertmanager, remote_id, ends_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (silence_id, alertmanager) DO UPDATE SET remote_id = excluded.remote_id, ends_at = "
        "excluded.ends_at",
        copy.silenceId, copy.alertmanager, copy.remoteId, copy.endsAt);
}

Result<void> putOffer(Database& database, const Offer& offer) {
    return database.run(
        "INSERT INTO offers (nonce_hash, verb, arguments, target, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        offer.nonceHash, offer.verb, offer.arguments, offer.target, offer.createdAt, offer.expiresAt);
}

Result<void> putInbound(Database& database, const InboundKey& inbound) {
    bool known = false;
    auto looked =
        database.query("SELECT 1 FROM inbound WHERE key = ?", [&](const Statement&) { known = true; }, inbound.key);
    if (!looked) return fail(std::move(looked).error());
    if (known) return fail(ErrorCode::Conflict, "this has come in before");
    return database.run("INSERT INTO inbound (key, at) VALUES (?, ?)", inbound.key, inbound.at);
}

/// Stops at the first failure.
template <class Items, class Put>
Result<void> forEach(Database& database, const Items& items, Put put) {
    for (const auto& item : items)
        if (auto done = put(database, item); !done) return done;
    return {};
}

}  // namespace

Result<void> applyAlerts(Database& database, const UnitOfWork& unit) {
    if (auto done = forEach(database, unit.alerts, putAlert); !done) return done;
    auto remove = [](Database& into, const std::string& fingerprint) {
        return into.run("DELETE FROM alerts WHERE fingerprint = ?", fingerprint);
    };
    if (auto done = forEach(database, unit.removedAlerts, remove); !done) return done;
    if (auto done = forEach(database, unit.incidents, putIncident); !done) return done;
    if (auto done = forEach(database, unit.silences, putSilence); !done) return done;
    if (auto done = forEach(database, unit.silenceCopies, putSilenceCopy); !done) return done;
    if (auto done = forEach(database, unit.counters, putCounter); !done) return done;
    if (auto done = forEach(database, unit.objectChanges, putObjectChange); !done) return done;
    return forEach(database, unit.readings, putReading);
}

Result<void> applyUnit(Database& database, const UnitOfWork& unit, Committed& committed) {
    if (auto done = forEach(database, unit.inbound, putInbound); !done) return done;
    if (auto done = forEach(database, unit.usedOffers, useOffer); !done) return done;
    if (auto done = applyAlerts(database, unit); !done) return done;
    if (auto done = applyRuleRevisions(database, unit, committed); !done) return done;
    if (auto done = forEach(database, unit.offers, putOffer); !done) return done;
    if (auto done = applyOutbox(database, unit, committed); !done) return done;
    auto putMeta = [](Database& into, const MetaEntry& entry) {
        if (entry.value.empty()) return into.run("DELETE FROM meta WHERE key = ?", entry.key);
        return into.run(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            entry.key, entry.value);
    };
    if (auto done = forEach(database, unit.meta, putMeta); !done) return done;
    return appendAudit(database, unit.audit, committed);
}

bool UnitOfWork::empty() const {
    return inbound.empty() && usedOffers.empty() && alerts.empty() && removedAlerts.empty() && incidents.empty() &&
           silences.empty() && silenceCopies.empty() && counters.empty() && readings.empty() && objectChanges.empty() &&
           ruleRevisions.empty() && offers.empty() && supersededDeliveries.empty() && deliveryStarts.empty() &&
           deliveryResults.empty() && newDeliveries.empty() && meta.empty() && audit.empty();
}

bool UnitOfWork::patient() const {
    return inbound.empty() && usedOffers.empty() && alerts.empty() && removedAlerts.empty() && incidents.empty() &&
           silences.empty() && silenceCopies.empty() && ruleRevisions.empty() && offers.empty() &&
           supersededDeliveries.empty() && deliveryStarts.empty() && newDeliveries.empty() && audit.empty();
}

bool UnitOfWork::essential() const {
    bool onlyPending = true;
    for (const auto& alert : alerts) onlyPending = onlyPending && alert.state() == rules::AlertState::Pending;
    return !onlyPending || !inbound.empty() || !usedOffers.empty() || !incidents.empty() || !silences.empty() ||
           !silenceCopies.empty() || !ruleRevisions.empty() || !offers.empty() || !supersededDeliveries.empty() ||
           !deliveryStarts.empty() || !deliveryResults.empty() || !newDeliveries.empty() || !audit.empty();
}

}  // namespace klaw::storage
