#include "storage/tables.hpp"

namespace klaw::storage {
namespace {

constexpr Table all[] = {
    {"alerts", "fingerprint, rule, cluster, state, resolved_at, updated_at, json", "ttttiit", "fingerprint", ""},
    {"incidents", "id, rule, cluster, opened_at, resolved_at, updated_at, revision, json", "tttiiiit", "id", ""},
    {"silences", "id, starts_at, ends_at, json", "tiit", "id", ""},
    {"silence_copies", "silence_id, alertmanager, remote_id, ends_at", "ttti", "silence_id, alertmanager", ""},
    {"event_counts", "cluster, rule, \"window\", event_uid, seen, at", "ttttii", "cluster, rule, \"window\", event_uid",
     ""},
    {"event_increases", "id, cluster, rule, \"window\", event_uid, seen, increase, at", "ittttiii", "id", "id"},
    {"window_readings", "series, place, at, value, counter, count", "tiirri", "series, place", ""},
    {"rule_revisions", "name, revision, author, source, at, text, sha256, removed", "tittitti", "name, revision", ""},
    {"offers", "nonce_hash, verb, arguments, target, created_at, expires_at, used_by, used_at", "ttttiiti",
     "nonce_hash", ""},
    {"inbound", "key, at", "ti", "key", ""},
    {"deliveries",
     "seq, id, channel, incident_id, reason, idempotency_key, payload, created_at, not_before, living_card, state, "
     "attempts, batch_id, platform_ref, uncertain, finished_at",
     "ittttttiiitittii", "seq", "seq"},
    {"delivery_attempts", "delivery, number, started_at, latency, outcome, code, text", "iiiittt", "delivery, number",
     ""},
    {"cards", "incident_id, channel, platform_ref", "ttt", "incident_id, channel", ""},
    {"object_changes", "id, cluster, ns, kind, name, at, what, changed_by", "ittttitt", "id", "id"},
    {"meta", "key, value", "tt", "key", ""},
    {"audit", "seq, at, actor, action, decision, target, detail, prev_hash, hash", "iittttttt", "seq", ""},
    {"audit_anchors", "seq, hash, at", "iti", "seq", ""},
};

}  // namespace

std::span<const Table> tables() {
    return all;
}

Result<std::vector<TableRows>> countRows(Database& database) {
    std::vector<TableRows> counted;
    for (const auto& table : all) {
        auto rows = database.integer("SELECT count(*) FROM " + std::string(table.name));
        if (!rows) return fail(std::move(rows).error());
        counted.push_back({std::string(table.name), *rows});
    }
    return counted;
}

}  // namespace klaw::storage
