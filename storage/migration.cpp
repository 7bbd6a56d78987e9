#include "storage/migration.hpp"

#include <array>

#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

// Times are nanoseconds since 1970. What is looked for stands in columns, everything else in `json`.
constexpr std::string_view version1 = R"sql(
CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY, rule TEXT NOT NULL, cluster TEXT NOT NULL, state TEXT NOT NULL,
    resolved_at INTEGER, updated_at INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
CREATE INDEX alerts_by_state ON alerts (state, updated_at);

CREATE TABLE incidents (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, cluster TEXT NOT NULL, opened_at INTEGER NOT NULL,
    resolved_at INTEGER, updated_at INTEGER NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
CREATE INDEX incidents_open ON incidents (opened_at) WHERE resolved_at IS NULL;
CREATE INDEX incidents_by_update ON incidents (updated_at);

CREATE TABLE silences (
    id TEXT PRIMARY KEY, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, json TEXT NOT NULL) STRICT;

CREATE TABLE event_counts (
    cluster TEXT NOT NULL, rule TEXT NOT NULL, window TEXT NOT NULL, event_uid TEXT NOT NULL,
    seen INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (cluster, rule, window, event_uid)) STRICT, WITHOUT ROWID;
CREATE TABLE event_increases (
    id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, rule TEXT NOT NULL, window TEXT NOT NULL, event_uid TEXT NOT NULL,
    seen INTEGER NOT NULL, increase INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX event_increases_by_time ON event_increases (at);

CREATE TABLE rule_revisions (
    name TEXT NOT NULL, revision INTEGER NOT NULL, author TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL,
    text TEXT NOT NULL, sha256 TEXT NOT NULL, removed INTEGER NOT NULL,
    PRIMARY KEY (name, revision)) STRICT;

CREATE TABLE offers (
    nonce_hash TEXT PRIMARY KEY, verb TEXT NOT NULL, arguments TEXT NOT NULL, target TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_by TEXT NOT NULL DEFAULT '', used_at INTEGER) STRICT;

CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, incident_id TEXT NOT NULL,
    reason TEXT NOT NULL, idempotency_key TEXT NOT NULL UNIQUE, payload TEXT NOT NULL, created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL, living_card INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    batch_id TEXT NOT NULL DEFAULT '', platform_ref TEXT NOT NULL DEFAULT '', uncertain INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (seq) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_by_incident ON deliveries (incident_id, channel);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    started_at INTEGER NOT NULL, latency INTEGER, outcome TEXT, code TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (delivery_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE cards (
    incident_id TEXT NOT NULL, channel TEXT NOT NULL, platform_ref TEXT NOT NULL,
    PRIMARY KEY (incident_id, channel)) STRICT, WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, decision TEXT NOT NULL,
    target TEXT NOT NULL, detail TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
)sql";

// INSERT OR REPLACE removes a row without asking triggers on DELETE, unless the connection has recursive ones.
constexpr std::string_view version2 = R"sql(
CREATE TRIGGER audit_is_only_appended BEFORE INSERT ON audit WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
)sql";

// Each index with keys in no order costs a commit one more page: the key is a function of the id, which is unique, and
// attempts are found by the number of their delivery.
constexpr std::string_view version3 = R"sql(
CREATE TABLE deliveries_3 (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, incident_id TEXT NOT NULL,
    reason TEXT NOT NULL, idempotency_key TEXT NOT NULL, payload TEXT NOT NULL, created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL, living_card INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    batch_id TEXT NOT NULL DEFAULT '', platform_ref TEXT NOT NULL DEFAULT '', uncertain INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER) STRICT;
CREATE TABLE attempts_3 (
    delivery INTEGER NOT NULL REFERENCES deliveries_3 (seq) ON DELETE CASCADE, number INTEGER NOT NULL,
    started_at INTEGER NOT NULL, latency INTEGER, outcome TEXT, code TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (delivery, number)) STRICT, WITHOUT ROWID;
INSERT INTO deliveries_3 SELECT seq, id, channel, incident_id, reason, idempotency_key, payload, created_at, not_before,
    living_card, state, attempts, batch_id, platform_ref, uncertain, finished_at FROM deliveries;
INSERT INTO attempts_3 SELECT d.seq, a.number, a.started_at, a.latency, a.outcome, a.code, a.text
    FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id;
DROP TABLE delivery_attempts;
DROP TABLE deliveries;
ALTER TABLE deliveries_3 RENAME TO deliveries;
ALTER TABLE attempts_3 RENAME TO delivery_attempts;
CREATE INDEX deliveries_waiting ON deliveries (seq) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_by_incident ON deliveries (incident_id, channel);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
)sql";

constexpr std::string_view version4 = R"sql(
CREATE TABLE silence_copies (
    silence_id TEXT NOT NULL, alertmanager TEXT NOT NULL, remote_id TEXT NOT NULL, ends_at INTEGER NOT NULL,
    PRIMARY KEY (silence_id, alertmanager)) STRICT, WITHOUT ROWID;
)sql";

// What came in from chats: platforms send some things twice.
constexpr std::string_view version5 = R"sql(
CREATE TABLE inbound (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_by_time ON inbound (at);
)sql";

// Thinned readings of windows over metrics; `place` bounds how many there are of each series.
constexpr std::string_view version6 = R"sql(
CREATE TABLE window_readings (
    series TEXT NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL, counter REAL NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (series, place)) STRICT, WITHOUT ROWID;
CREATE INDEX window_readings_by_time ON window_readings (at);
)sql";

// The audit log may be cut at its beginning, once an anchor has the hash of the last row that goes. Anchors are true
// when they are made, come later and later, and stay.
constexpr std::string_view version7 = R"sql(
CREATE TABLE audit_anchors (
    seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TRIGGER audit_anchor_is_true BEFORE INSERT ON audit_anchors
WHEN NEW.hash IS NOT (SELECT hash FROM audit WHERE seq = NEW.seq)
    OR NEW.seq <= (SELECT coalesce(max(seq), 0) FROM audit_anchors)
    OR NEW.seq >= (SELECT max(seq) FROM audit)
BEGIN SELECT RAISE(ABORT, 'an anchor is a row of the audit log that others follow'); END;
CREATE TRIGGER audit_anchor_is_never_changed BEFORE UPDATE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'anchors of the audit log stay'); END;
CREATE TRIGGER audit_anchor_is_never_removed BEFORE DELETE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'anchors of the audit log stay'); END;
DROP TRIGGER audit_is_never_cut;
CREATE TRIGGER audit_is_cut_at_anchors_only BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_anchors)
BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;

CREATE TABLE object_changes (
    id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, ns TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    at INTEGER NOT NULL, what TEXT NOT NULL, changed_by TEXT NOT NULL) STRICT;
CREATE INDEX object_changes_by_object ON object_changes (cluster, ns, kind, name, at);
CREATE INDEX object_changes_by_time ON object_changes (at);
)sql";

// Who writes. One row: a transaction of a term that is over is refused.
constexpr std::string_view version8 = R"sql(
CREATE TABLE leadership (
    id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL, holder TEXT NOT NULL, taken_at INTEGER NOT NULL) STRICT;
INSERT INTO leadership (id, term, holder, taken_at) VALUES (1, 0, '', 0);
)sql";

constexpr std::array<Migration, 8> all{{{1, version1},
                                        {2, version2},
                                        {3, version3},
                                        {4, version4},
                                        {5, version5},
                                        {6, version6},
                                        {7, version7},
                                        {8, version8}}};

Result<int> versionOf(Database& database) {
    auto application = database.integer("PRAGMA application_id");
    if (!application) return fail(std::move(application).error());
    auto version = database.integer("PRAGMA user_version");
    if (!version) return fail(std::move(version).error());
    auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return fail(std::move(tables).error());
    bool empty = *application == 0 && *version == 0 && *tables == 0;
    if (!empty && *application != applicationId)
        return fail(ErrorCode::Unsupported, "this is a database of another program", database.path(),
                    "give Klaw a data directory of its own");
    if (*version > newestVersion())
        return fail(ErrorCode::Unsupported,
                    "the database was written by a newer Klaw (schema " + std::to_string(*version) +
                        ", this one knows " + std::to_string(newestVersion()) + ")",
                    database.path(), "run that version, or another data directory");
    return static_cast<int>(*version);
}

Result<void> step(Database& database, const Migration& migration) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return fail(std::move(transaction).error());
    if (auto done = database.execute(migration.sql); !done) return done;
    auto stamp = "PRAGMA application_id = " + std::to_string(applicationId) +
                 "; PRAGMA user_version = " + std::to_string(migration.version);
    if (auto done = database.execute(stamp); !done) return done;
    return transaction->commit();
}

}  // namespace

std::span<const Migration> migrations() {
    return all;
}

int newestVersion() {
    return all.back().version;
}

Result<void> migrate(Database& database, int target) {
    auto version = versionOf(database);
    if (!version) return fail(std::move(version).error());
    for (const auto& migration : all) {
        if (migration.version <= *version || migration.version > target) continue;
        if (auto done = step(database, migration); !done) return done;
    }
    return {};
}

Result<void> checkVersion(Database& database) {
    auto version = versionOf(database);
    if (!version) return fail(std::move(version).error());
    if (*version == newestVersion()) return {};
    return fail(ErrorCode::Unsupported, "the database has an older schema (" + std::to_string(*version) + ")",
                database.path(), "start this version of the agent once; it brings the file up to date");
}

}  // namespace klaw::storage
