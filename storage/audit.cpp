#include "storage/audit.hpp"

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

}  // namespace klaw::storage
