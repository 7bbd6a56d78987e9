#include "storage/recovery.hpp"

#include "storage/delivery_rows.hpp"
#include "storage/json_codec.hpp"
#include "storage/rule_rows.hpp"

namespace klaw::storage {
namespace {

/// A card that answers somebody may still be changed for so long: what it tells of goes on.
constexpr Duration lifeOfAnswers = 1h;

/// Reads a `json` column. A row that cannot be read is left out and noted, since the others still matter.
template <class T, class Decode, class... Values>
Result<void> readJson(Database& database, std::vector<T>& into, std::vector<Error>& unreadable, Decode decode,
                      std::string_view sql, const Values&... values) {
    auto read = [&](const Statement& row) {
        auto value = decode(row.text(0));
        if (value) return into.push_back(std::move(*value));
        value.error().place = database.path();
        unreadable.push_back(std::move(value).error());
    };
    return database.query(sql, read, values...);
}

Result<void> readCounters(Database& database, TimePoint since, std::vector<rules::EventCounter>& into) {
    auto read = [&](const Statement& row) {
        rules::EventCounter counter;
        counter.cluster = row.text(0);
        counter.rule = row.text(1);
        counter.window = row.text(2);
        counter.eventUid = row.text(3);
        counter.seen = static_cast<std::uint64_t>(row.integer(4));
        counter.increase = static_cast<std::uint64_t>(row.integer(5));
        counter.at = row.time(6);
        into.push_back(std::move(counter));
    };
    auto quiet = database.query(
        "SELECT cluster, rule, \"window\", event_uid, seen, 0, at FROM event_counts c WHERE NOT EXISTS (SELECT 1 FROM "
        "event_increases i WHERE i.cluster = c.cluster AND i.rule = c.rule AND "
        "i.\"window\" = c.\"window\" AND i.event_uid = c.event_uid AND i.at >= ?) ORDER BY at",
        read, since);
    if (!quiet) return quiet;
    return database.query(
        "SELECT cluster, rule, \"window\", event_uid, seen, increase, at FROM event_increases WHERE at >= ? ORDER BY "
        "at, "
        "id",
        read, since);
}

Result<void> readReadings(Database& database, TimePoint since, std::vector<rules::WindowReading>& into) {
    return database.query(
        "SELECT series, place, at, value, counter, count FROM window_readings WHERE at >= ? ORDER BY at",
        [&](const Statement& row) {
            rules::SeriesWindow::Reading reading{row.time(2), row.real(3), row.real(4),
                                                 static_cast<std::uint32_t>(row.integer(5))};
            into.push_back({row.text(0), static_cast<std::uint32_t>(row.integer(1)), reading});
        },
        since);
}

}  // namespace

Result<RecoveredState> loadState(Database& database, const RecoveryHorizon& horizon) {
    RecoveredState state;
    auto alerts = readJson(database, state.alerts, state.unreadable, alertFromJson,
                           "SELECT json FROM alerts WHERE state <> 'resolved' OR resolved_at > ? ORDER BY fingerprint",
                           horizon.resolvedSince);
    if (!alerts) return fail(std::move(alerts).error());
    auto incidents = readJson(database, state.incidents, state.unreadable, incidentFromJson,
                              "SELECT json FROM incidents WHERE resolved_at IS NULL OR resolved_at > ? ORDER BY "
                              "opened_at, id",
                              horizon.reopensSince);
    if (!incidents) return fail(std::move(incidents).error());
    auto silences = readJson(database, state.silences, state.unreadable, silenceFromJson,
                             "SELECT json FROM silences WHERE ends_at > ? ORDER BY starts_at, id", horizon.now);
    if (!silences) return fail(std::move(silences).error());
    auto copies = database.query(
        "SELECT silence_id, alertmanager, remote_id, ends_at FROM silence_copies WHERE ends_at > ? ORDER BY 1, 2",
        [&](const Statement& row) {
            state.silenceCopies.push_back({row.text(0), row.text(1), row.text(2), row.time(3)});
        },
        horizon.now);
    if (!copies) return fail(std::move(copies).error());
    if (auto counters = readCounters(database, horizon.increasesSince, state.counters); !counters)
        return fail(std::move(counters).error());
    if (auto readings = readReadings(database, horizon.increasesSince, state.readings); !readings)
        return fail(std::move(readings).error());
    auto sql =
        "SELECT " + std::string(deliveryColumns) + " FROM deliveries WHERE state IN ('queued', 'sending') ORDER BY seq";
    auto deliveries = database.query(sql, [&](const Statement& row) { state.deliveries.push_back(deliveryOf(row)); });
    if (!deliveries) return fail(std::move(deliveries).error());
    auto cards = database.query(
        "SELECT c.incident_id, c.channel, c.platform_ref FROM cards c LEFT JOIN incidents i ON i.id = c.incident_id "
        "WHERE (i.id IS NOT NULL AND (i.resolved_at IS NULL OR i.resolved_at > ?)) "
        "OR c.incident_id IN (SELECT incident_id FROM deliveries WHERE state IN ('queued', 'sending')) "
        "OR (i.id IS NULL AND c.incident_id IN (SELECT incident_id FROM deliveries WHERE reason = 'reply' AND "
        "created_at > ?)) ORDER BY 1, 2",
        [&](const Statement& row) { state.cards.push_back({row.text(0), row.text(1), row.text(2)}); },
        horizon.reopensSince, horizon.now - lifeOfAnswers);
    if (!cards) return fail(std::move(cards).error());
    auto rules = currentRuleRevisions(database);
    if (!rules) return fail(std::move(rules).error());
    state.appliedRules = std::move(*rules);
    std::erase_if(state.appliedRules, [](const RuleRevision& rule) { return !rule.applied(); });
    auto meta = database.query("SELECT key, value FROM meta",
                               [&](const Statement& row) { state.meta.emplace(row.text(0), row.text(1)); });
    if (!meta) return fail(std::move(meta).error());
    return state;
}

}  // namespace klaw::storage
