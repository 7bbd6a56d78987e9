#include "storage/reader.hpp"

#include <algorithm>

#include "storage/audit_log.hpp"
#include "storage/delivery_rows.hpp"
#include "storage/json_codec.hpp"
#include "storage/rule_rows.hpp"
#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

template <class T, class Decode, class... Values>
Result<std::vector<T>> decoded(Database& database, Decode decode, std::string_view sql, const Values&... values) {
    std::vector<T> all;
    std::optional<Error> broken;
    auto done = database.query(
        sql,
        [&](const Statement& row) {
            auto value = decode(row.text(0));
            if (value)
                all.push_back(std::move(*value));
            else if (!broken)
                broken = std::move(value).error();
        },
        values...);
    if (!done) return fail(std::move(done).error());
    if (broken) return fail(std::move(*broken));
    return all;
}

template <class T>
Result<T> onlyOne(Result<std::vector<T>> all, std::string_view what, std::string_view id) {
    if (!all) return fail(std::move(all).error());
    if (all->empty())
        return fail(ErrorCode::NotFound, "there is no " + std::string(what) + " \"" + std::string(id) + "\"");
    return std::move(all->front());
}

}  // namespace

Result<Reader> Reader::open(const Location& location) {
    OpenOptions options;
    options.mode = OpenOptions::Mode::ReadOnly;
    options.check = OpenOptions::Check::None;
    options.answerWithin = 2s;
    auto database = Database::open(location, options);
    if (!database) return fail(std::move(database).error());
    return Reader(std::move(*database));
}

Result<std::vector<rules::Alert>> Reader::alerts(const AlertFilter& filter) {
    auto state = filter.state ? std::string(rules::toString(*filter.state)) : std::string();
    return decoded<rules::Alert>(database_, alertFromJson,
                                 "SELECT json FROM alerts WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR cluster = ?2) "
                                 "AND (?3 = '' OR rule = ?3) ORDER BY updated_at DESC, fingerprint LIMIT ?4",
                                 state, filter.cluster, filter.rule, filter.limit);
}

Result<rules::Alert> Reader::alert(std::string_view fingerprint) {
    return onlyOne(
        decoded<rules::Alert>(database_, alertFromJson, "SELECT json FROM alerts WHERE fingerprint = ?", fingerprint),
        "alert", fingerprint);
}

Result<std::vector<rules::Incident>> Reader::incidents(const IncidentFilter& filter) {
    return decoded<rules::Incident>(
        database_, incidentFromJson,
        "SELECT json FROM incidents WHERE (?1 = 0 OR resolved_at IS NULL) AND (?2 = '' OR cluster = ?2) AND "
        "(CAST(?3 AS bigint) IS NULL OR updated_at >= ?3) ORDER BY opened_at DESC, id LIMIT ?4",
        filter.openOnly, filter.cluster, filter.since, filter.limit);
}

Result<std::vector<std::string>> Reader::incidentIds(std::string_view prefix, std::size_t limit) {
    std::vector<std::string> ids;
    auto done = database_.query(
        "SELECT id FROM incidents WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
        [&](const Statement& row) { ids.push_back(row.text(0)); }, prefix, std::string(prefix) + "\xF4\x8F\xBF\xBF",
        limit);
    if (!done) return fail(std::move(done).error());
    return ids;
}

Result<rules::Incident> Reader::incident(std::string_view id) {
    return onlyOne(decoded<rules::Incident>(database_, incidentFromJson, "SELECT json FROM incidents WHERE id = ?", id),
                   "incident", id);
}

Result<std::vector<rules::Silence>> Reader::silences(TimePoint endingAfter) {
    return decoded<rules::Silence>(database_, silenceFromJson,
                                   "SELECT json FROM silences WHERE ends_at > ? ORDER BY starts_at DESC, id",
                                   endingAfter);
}

Result<std::vector<DeliveryRecord>> Reader::deliveriesOf(std::string_view incidentId) {
    std::vector<DeliveryRecord> records;
    auto sql = "SELECT " + std::string(deliveryColumns) + " FROM deliveries WHERE incident_id = ? ORDER BY seq";
    auto done =
        database_.query(sql, [&](const Statement& row) { records.push_back({deliveryOf(row), {}}); }, incidentId);
    if (!done) return fail(std::move(done).error());
    for (auto& record : records) {
        auto attempts = database_.query(
            "SELECT number, started_at, latency, outcome, code, text FROM delivery_attempts WHERE delivery = (SELECT "
            "seq FROM deliveries WHERE id = ?) "
            "ORDER BY number",
            [&](const Statement& row) {
                DeliveryAttempt attempt;
                attempt.deliveryId = record.delivery.id;
                attempt.number = static_cast<std::uint32_t>(row.integer(0));
                attempt.startedAt = row.time(1);
                if (!row.isNull(2)) attempt.latency = Duration(row.integer(2));
                attempt.outcome = attemptOutcomeFromString(row.text(3)).value_or(AttemptOutcome::Unknown);
                attempt.code = row.text(4);
                attempt.text = row.text(5);
                record.attempts.push_back(std::move(attempt));
            },
            record.delivery.id);
        if (!attempts) return fail(std::move(attempts).error());
    }
    return records;
}

Result<std::vector<DeliveryRecord>> Reader::deliveries(std::optional<DeliveryState> state, std::size_t limit) {
    std::vector<DeliveryRecord> records;
    auto wanted = state ? std::string(toString(*state)) : std::string();
    auto sql = "SELECT " + std::string(deliveryColumns) +
               " FROM deliveries WHERE ?1 = '' OR state = ?1 ORDER BY seq DESC LIMIT ?2";
    auto done =
        database_.query(sql, [&](const Statement& row) { records.push_back({deliveryOf(row), {}}); }, wanted, limit);
    if (!done) return fail(std::move(done).error());
    return records;
}

Result<std::vector<AuditRow>> Reader::audit(const AuditFilter& filter) {
    std::vector<AuditRow> rows;
    constexpr int firstActor = 12;
    std::string actors = filter.actors.empty() ? "" : "actor IN (";
    for (std::size_t i = 0; i < filter.actors.size(); ++i)
        actors +=
            "?" + std::to_string(firstActor + static_cast<int>(i)) + (i + 1 < filter.actors.size() ? ", " : ") AND ");
    // A target is cluster/namespace/kind/name, the namespace only where there is one.
    std::string_view find = database_.engine() == Engine::Postgres ? "strpos" : "instr";
    auto sql = "SELECT " + std::string(auditColumns) +
               " FROM audit WHERE (CAST(?1 AS bigint) IS NULL OR at >= ?1) AND (CAST(?2 AS bigint) IS NULL OR at < ?2) "
               "AND (?3 = '' OR actor = ?3) AND "
               "(?4 = '' OR action = ?4) AND " +
               actors +
               "(?5 = '' OR decision = ?5) AND (?6 = '' OR substr(target || '/', 1, length(?6) + 1) = ?6 || '/') AND "
               "(?7 = '' OR substr(substr(target, " +
               std::string(find) +
               "(target, '/') + 1) || '/', 1, length(?7) + 1) = ?7 || '/') AND "
               "(?8 = '' OR substr('/' || target, length(target) + 1 - length(?8)) = '/' || ?8) AND seq > ?9 "
               "ORDER BY seq " +
               (filter.oldestFirst ? "ASC" : "DESC") + " LIMIT ?10 OFFSET ?11";
    auto statement = database_.prepare(sql);
    if (!statement) return fail(std::move(statement).error());
    statement->bindAll(filter.since, filter.until, filter.actor, filter.action, filter.decision, filter.cluster,
                       filter.ns, filter.object, filter.after, filter.limit, filter.skip);
    for (std::size_t i = 0; i < filter.actors.size(); ++i)
        statement->bind(firstActor + static_cast<int>(i), filter.actors[i]);
    for (;;) {
        auto more = statement->step();
        if (!more) return fail(std::move(more).error());
        if (!*more) return rows;
        rows.push_back(auditRowOf(*statement));
    }
}

Result<std::optional<AuditAnchor>> Reader::auditAnchor() {
    return auditAnchorOf(database_);
}

Result<AuditReport> Reader::verifyAudit(const std::optional<AuditHead>& trusted) {
    auto oneState = Transaction::beginReading(database_);
    if (!oneState) return fail(std::move(oneState).error());
    return verifyAuditLog(database_, trusted);
}

Result<AuditHead> Reader::auditHead() {
    return auditHeadOf(database_);
}

Result<std::vector<ObjectChange>> Reader::objectChanges(const ObjectChange& object, TimePoint since,
                                                        std::size_t limit) {
    std::vector<ObjectChange> changes;
    auto done = database_.query(
        "SELECT what, changed_by, at FROM object_changes WHERE cluster = ? AND ns = ? AND kind = ? AND name = ? AND at "
        ">= ? ORDER BY at DESC, id DESC LIMIT ?",
        [&](const Statement& row) {
            auto change = object;
            change.what = row.text(0);
            change.by = row.text(1);
            change.at = row.time(2);
            changes.push_back(std::move(change));
        },
        object.cluster, object.ns, object.kind, object.name, since, limit);
    if (!done) return fail(std::move(done).error());
    std::ranges::reverse(changes);
    return changes;
}

Result<std::vector<RuleRevision>> Reader::currentRules() {
    return currentRuleRevisions(database_);
}

Result<std::vector<RuleRevision>> Reader::ruleRevisions(std::string_view name) {
    return ruleRevisionsOf(database_, name);
}

Result<std::vector<RuleRevision>> Reader::latestRuleRevisions(std::size_t limit) {
    return storage::latestRuleRevisions(database_, limit);
}

Result<Offer> Reader::offer(std::string_view nonce) {
    std::vector<Offer> found;
    auto done = database_.query(
        "SELECT nonce_hash, verb, arguments, target, created_at, expires_at, used_by, used_at FROM offers WHERE "
        "nonce_hash = ?",
        [&](const Statement& row) {
            found.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.time(4), row.time(5), row.text(6),
                             row.optionalTime(7)});
        },
        offerHash(nonce));
    if (!done) return fail(std::move(done).error());
    return onlyOne<Offer>(std::move(found), "offer", "of this button");
}

Result<bool> Reader::knowsInbound(const std::vector<InboundKey>& keys) {
    bool known = false;
    for (const auto& each : keys) {
        auto done =
            database_.query("SELECT 1 FROM inbound WHERE key = ?", [&](const Statement&) { known = true; }, each.key);
        if (!done) return fail(std::move(done).error());
    }
    return known;
}

Result<std::string> Reader::cardRef(std::string_view incidentId, std::string_view channel) {
    std::string ref;
    auto done = database_.query(
        "SELECT platform_ref FROM cards WHERE incident_id = ? AND channel = ?",
        [&](const Statement& row) { ref = row.text(0); }, incidentId, channel);
    if (!done) return fail(std::move(done).error());
    return ref;
}

Result<std::optional<std::string>> Reader::meta(std::string_view key) {
    std::optional<std::string> value;
    auto done = database_.query(
        "SELECT value FROM meta WHERE key = ?", [&](const Statement& row) { value = row.text(0); }, key);
    if (!done) return fail(std::move(done).error());
    return value;
}

Result<Counts> Reader::counts() {
    Counts counts;
    auto done = database_.query(
        "SELECT (SELECT count(*) FROM alerts WHERE state = 'pending'), (SELECT count(*) FROM alerts WHERE state = "
        "'firing'), (SELECT count(*) FROM incidents WHERE resolved_at IS NULL), "
        "(SELECT count(*) FROM deliveries WHERE state = 'queued'), (SELECT count(*) FROM deliveries WHERE state = "
        "'sending'), (SELECT count(*) FROM deliveries WHERE state = 'failed'), "
        "(SELECT count(*) FROM audit)",
        [&](const Statement& row) {
            counts = {row.integer(0), row.integer(1), row.integer(2), row.integer(3),
                      row.integer(4), row.integer(5), row.integer(6)};
        });
    if (!done) return fail(std::move(done).error());
    return counts;
}

}  // namespace klaw::storage
