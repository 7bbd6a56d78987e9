#include "storage/apply_unit.hpp"

namespace klaw::storage {
namespace {

Result<void> conflict(const std::string& id, std::string_view what) {
    return fail(ErrorCode::Conflict, "delivery " + id + " " + std::string(what));
}

/// Ids of the waiting pictures that a new one makes useless.
Result<void> supersedeOlder(Database& database, const Delivery& delivery, Committed& committed) {
    if (!delivery.livingCard || delivery.incidentId.empty()) return {};
    return database.query(
        "UPDATE deliveries SET state = 'superseded', finished_at = ? WHERE incident_id = ? AND channel = ? AND "
        "living_card = 1 AND state = 'queued' AND uncertain = 0 AND id <> ? RETURNING id",
        [&](const Statement& row) { committed.supersededDeliveries.push_back(row.text(0)); }, delivery.createdAt,
        delivery.incidentId, delivery.channel, delivery.id);
}

Result<void> insert(Database& database, const Delivery& delivery, Committed& committed) {
    auto done = database.run(
        "INSERT INTO deliveries (id, channel, incident_id, reason, idempotency_key, payload, created_at, not_before, "
        "living_card, platform_ref, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued') "
        "ON CONFLICT (id) DO NOTHING",
        delivery.id, delivery.channel, delivery.incidentId, delivery.reason, delivery.idempotencyKey, delivery.payload,
        delivery.createdAt, delivery.notBefore, delivery.livingCard, delivery.platformRef);
    if (!done || database.changes() == 0) return done;
    return supersedeOlder(database, delivery, committed);
}

/// Also one that was on its way when the agent stopped: what came of that is not known.
Result<void> supersede(Database& database, const std::string& id, Committed& committed) {
    auto lost = database.run(
        "UPDATE delivery_attempts SET outcome = 'unknown' WHERE outcome IS NULL AND delivery = (SELECT seq FROM "
        "deliveries WHERE id = ? AND state = 'sending')",
        id);
    if (!lost) return lost;
    return database.query(
        "UPDATE deliveries SET state = 'superseded', finished_at = created_at WHERE id = ? AND state IN ('queued', "
        "'sending') RETURNING id",
        [&](const Statement& row) { committed.supersededDeliveries.push_back(row.text(0)); }, id);
}

Result<void> start(Database& database, const DeliveryStart& start) {
    std::string state, batch;
    std::int64_t seq = 0, attempts = 0;
    bool uncertain = false;
    auto found = database.query(
        "SELECT seq, state, batch_id, attempts, uncertain FROM deliveries WHERE id = ?",
        [&](const Statement& row) {
            seq = row.integer(0);
            state = row.text(1);
            batch = row.text(2);
            attempts = row.integer(3);
            uncertain = row.integer(4) != 0;
        },
        start.deliveryId);
    if (!found) return found;
    bool lostTry = state == "sending";
    if (state != "queued" && !lostTry) return conflict(start.deliveryId, state.empty() ? "is unknown" : "is " + state);
    // What certainly did not arrive alone may leave with others.
    bool bound = attempts > 0 && (uncertain || lostTry || !batch.empty());
    if (bound && batch != start.batchId) return conflict(start.deliveryId, "left in another digest");
    if (lostTry) {
        auto noted = database.run(
            "UPDATE delivery_attempts SET outcome = 'unknown' WHERE delivery = ? AND outcome IS NULL", seq);
        if (!noted) return noted;
    }
    auto begun = database.run(
        "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, batch_id = ?, uncertain = uncertain | ? "
        "WHERE seq = ?",
        start.batchId, lostTry, seq);
    if (!begun) return begun;
    return database.run("INSERT INTO delivery_attempts (delivery, number, started_at) VALUES (?, ?, ?)", seq,
                        attempts + 1, start.at);
}

Result<void> note(Database& database, const DeliveryResult& result) {
    auto attempt = database.run(
        "UPDATE delivery_attempts SET outcome = ?, latency = ?, code = ?, text = ? WHERE delivery = (SELECT seq FROM "
        "deliveries WHERE id = ?) AND outcome IS NULL",
        toString(result.outcome), result.latency, result.code, result.text, result.deliveryId);
    if (!attempt) return attempt;
    if (database.changes() == 0) return conflict(result.deliveryId, "was not started");
    bool finished = result.outcome == AttemptOutcome::Delivered || result.outcome == AttemptOutcome::Refused;
    auto state = result.outcome == AttemptOutcome::Delivered ? DeliveryState::Sent
                 : result.outcome == AttemptOutcome::Refused ? DeliveryState::Failed
                                                             : DeliveryState::Queued;
    auto done = database.run(
        "UPDATE deliveries SET state = ?, not_before = ?, finished_at = ?, uncertain = uncertain | ?, platform_ref "
        "= CASE WHEN ? = '' THEN platform_ref ELSE ? END WHERE id = ?",
        toString(state), finished ? result.at : result.notBefore, finished ? std::optional(result.at) : std::nullopt,
        result.outcome == AttemptOutcome::Unknown, result.platformRef, result.platformRef, result.deliveryId);
    if (!done || result.outcome != AttemptOutcome::Delivered || result.platformRef.empty()) return done;
    return database.run(
        "INSERT INTO cards (incident_id, channel, platform_ref) SELECT incident_id, channel, platform_ref "
        "FROM deliveries "
        "WHERE id = ? AND incident_id <> '' AND living_card = 1 AND batch_id = '' "
        "ON CONFLICT (incident_id, channel) DO UPDATE SET platform_ref = excluded.platform_ref",
        result.deliveryId);
}

}  // namespace

Result<void> applyOutbox(Database& database, const UnitOfWork& unit, Committed& committed) {
    for (const auto& id : unit.supersededDeliveries)
        if (auto done = supersede(database, id, committed); !done) return done;
    for (const auto& delivery : unit.newDeliveries)
        if (auto done = insert(database, delivery, committed); !done) return done;
    for (const auto& each : unit.deliveryStarts)
        if (auto done = start(database, each); !done) return done;
    for (const auto& each : unit.deliveryResults)
        if (auto done = note(database, each); !done) return done;
    return {};
}

}  // namespace klaw::storage
