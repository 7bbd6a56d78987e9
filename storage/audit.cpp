#include "storage/audit.hpp"

#include <nlohmann/json.hpp>

#include "base/text/utf8.hpp"

#include "storage/apply_unit.hpp"

namespace klaw::storage {

Result<void> appendAudit(Database& database, const std::vector<AuditEntry>& entries, Committed& committed) {
    if (entries.empty()) return {};
    AuditRow row;
    row.hash = std::string(64, '0');
    auto head = database.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [&](const Statement& last) {
        row.seq = last.integer(0);
        row.hash = last.text(1);
    });
    if (!head) return head;
    for (const auto& entry : entries) {
        ++row.seq;
        row.entry = entry;
        row.prevHash = std::move(row.hash);
        for (auto* text :
             {&row.entry.actor, &row.entry.action, &row.entry.decision, &row.entry.target, &row.entry.detail})
            *text = validUtf8(*text);
        row.hash = auditHash(row);
        auto done = database.run(
            "INSERT INTO audit (seq, at, actor, action, decision, target, detail, prev_hash, hash) VALUES (?, ?, ?, ?, "
            "?, ?, ?, ?, ?)",
            row.seq, row.entry.at, row.entry.actor, row.entry.action, row.entry.decision, row.entry.target,
            row.entry.detail, row.prevHash, row.hash);
        if (!done) return done;
        committed.auditSeqs.push_back(row.seq);
    }
    return {};
}

std::string retentionDetail(const AuditAnchor& anchor) {
    return nlohmann::json{{"removedUpTo", anchor.seq}, {"hash", anchor.hash}}.dump();
}

/// Below this the log is cut once a day at most.
constexpr Duration cutEvery = 24h;

Result<void> cutAudit(Database& database, TimePoint now, Duration keep, std::uint64_t& removed) {
    constexpr std::int64_t most = 5'000;  // at once, so that others pass
    std::optional<std::int64_t> first;
    std::optional<TimePoint> firstAt;
    auto oldest = database.query("SELECT seq, at FROM audit ORDER BY seq LIMIT 1", [&](const Statement& row) {
        first = row.integer(0);
        firstAt = row.time(1);
    });
    if (!oldest) return oldest;
    bool worthwhile = firstAt && *firstAt < now - keep - cutEvery;
    if (!worthwhile) return {};
    // The first that stays: clocks may have been set back, but there are no gaps.
    AuditAnchor anchor;
    anchor.at = now;
    auto last = database.query(
        "SELECT seq, hash FROM audit WHERE seq < coalesce((SELECT min(seq) FROM audit WHERE at >= ?1), "
        "4611686018427387904) AND "
        "seq < ?2 AND seq < (SELECT max(seq) FROM audit) ORDER BY seq DESC LIMIT 1",
        [&](const Statement& row) {
            anchor.seq = row.integer(0);
            anchor.hash = row.text(1);
        },
        now - keep, *first + most);
    if (!last || anchor.seq == 0) return last;
    auto anchored =
        database.run("INSERT INTO audit_anchors (seq, hash, at) VALUES (?, ?, ?)", anchor.seq, anchor.hash, anchor.at);
    if (!anchored) return anchored;
    if (auto done = database.run("DELETE FROM audit WHERE seq <= ?", anchor.seq); !done) return done;
    removed += static_cast<std::uint64_t>(database.changes());
    Committed committed;
    return appendAudit(database, {{now, "klaw", std::string(auditRetention), "done", {}, retentionDetail(anchor)}},
                       committed);
}

}  // namespace klaw::storage
