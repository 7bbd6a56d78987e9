#include "storage/prune.hpp"

#include "storage/apply_unit.hpp"

namespace klaw::storage {
namespace {

Result<void> remove(Database& database, std::string_view sql, TimePoint before, std::uint64_t& count) {
    auto done = database.run(sql, before);
    if (done) count += static_cast<std::uint64_t>(database.changes());
    return done;
}

}  // namespace

Result<PruneReport> pruneSome(Database& database, TimePoint now, const RetentionLimits& limits) {
    PruneReport report;
    std::uint64_t cards = 0, copies = 0, inbound = 0, readings = 0;  // of no interest to people
    struct Row {
        std::string_view sql;
        Duration keep;
        std::uint64_t* count;
    };
    const Row rows[] = {
        {"DELETE FROM alerts WHERE fingerprint IN (SELECT fingerprint FROM alerts WHERE state = 'resolved' AND "
         "resolved_at < ? LIMIT 500)",
         limits.resolvedAlerts, &report.alerts},
        {"DELETE FROM deliveries WHERE seq IN (SELECT d.seq FROM deliveries d LEFT JOIN incidents i ON i.id = "
         "d.incident_id "
         "WHERE d.finished_at < ? AND (i.id IS NULL OR i.resolved_at IS NOT NULL) LIMIT 500)",
         limits.finishedDeliveries, &report.deliveries},
        {"DELETE FROM cards WHERE incident_id IN (SELECT id FROM incidents WHERE resolved_at < ?)",
         limits.resolvedIncidents, &cards},
        {"DELETE FROM deliveries WHERE seq IN (SELECT d.seq FROM deliveries d JOIN incidents i ON i.id = d.incident_id "
         "WHERE i.resolved_at < ? AND d.finished_at IS NOT NULL LIMIT 500)",
         limits.resolvedIncidents, &report.deliveries},
        {"DELETE FROM incidents WHERE id IN (SELECT id FROM incidents i WHERE resolved_at < ? AND NOT EXISTS (SELECT 1 "
         "FROM deliveries d WHERE d.incident_id = i.id) LIMIT 500)",
         limits.resolvedIncidents, &report.incidents},
        {"DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < ? LIMIT 500)", limits.endedSilences,
         &report.silences},
        {"DELETE FROM silence_copies WHERE ends_at < ?", limits.endedSilences, &copies},
        {"DELETE FROM offers WHERE nonce_hash IN (SELECT nonce_hash FROM offers WHERE expires_at < ? LIMIT 500)",
         limits.expiredOffers, &report.offers},
        {"DELETE FROM inbound WHERE key IN (SELECT key FROM inbound WHERE at < ? LIMIT 500)", limits.inbound, &inbound},
        {"DELETE FROM event_increases WHERE id IN (SELECT id FROM event_increases WHERE at < ? LIMIT 500)",
         limits.eventIncreases, &report.eventIncreases},
        {"DELETE FROM window_readings WHERE (series, place) IN (SELECT series, place FROM window_readings WHERE at < ? "
         "LIMIT 500)",
         limits.windowReadings, &readings},
        {"DELETE FROM object_changes WHERE id IN (SELECT id FROM object_changes WHERE at < ? LIMIT 500)",
         limits.objectChanges, &report.objectChanges},
        {"DELETE FROM event_counts WHERE (cluster, rule, \"window\", event_uid) IN (SELECT cluster, rule, \"window\", "
         "event_uid FROM event_counts WHERE at < ? AND event_uid <> '' LIMIT 500)",
         limits.eventsSeen, &report.eventsSeen},
    };
    for (const auto& row : rows)
        if (auto done = remove(database, row.sql, now - row.keep, *row.count); !done)
            return fail(std::move(done).error());
    if (limits.audit)
        if (auto done = cutAudit(database, now, *limits.audit, report.audit); !done)
            return fail(std::move(done).error());
    return report;
}

}  // namespace klaw::storage
