#include "storage/audit_log.hpp"

#include <limits>
#include <string>

#include "storage/chain_check.hpp"

namespace klaw::storage {
namespace {

/// All rows, oldest first, page by page: a server sends whole results, and the log may be larger than memory.
template <class See>
Result<void> walkAudit(Database& database, See&& see) {
    constexpr std::int64_t page = 1'000;
    auto sql = "SELECT " + std::string(auditColumns) + " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?";
    std::int64_t last = std::numeric_limits<std::int64_t>::min(), found = page;
    while (found == page) {
        found = 0;
        auto done = database.query(
            sql,
            [&](const Statement& row) {
                auto read = auditRowOf(row);
                last = read.seq;
                ++found;
                see(read);
            },
            last, page);
        if (!done) return done;
    }
    return {};
}

}  // namespace

AuditRow auditRowOf(const Statement& row) {
    AuditRow audit;
    audit.seq = row.integer(0);
    audit.entry.at = row.time(1);
    audit.entry.actor = row.text(2);
    audit.entry.action = row.text(3);
    audit.entry.decision = row.text(4);
    audit.entry.target = row.text(5);
    audit.entry.detail = row.text(6);
    audit.prevHash = row.text(7);
    audit.hash = row.text(8);
    return audit;
}

Result<std::optional<AuditAnchor>> auditAnchorOf(Database& database) {
    std::optional<AuditAnchor> anchor;
    auto done =
        database.query("SELECT seq, hash, at FROM audit_anchors ORDER BY seq DESC LIMIT 1",
                       [&](const Statement& row) { anchor = AuditAnchor{row.integer(0), row.text(1), row.time(2)}; });
    if (!done) return fail(std::move(done).error());
    return anchor;
}

Result<AuditReport> verifyAuditLog(Database& database, const std::optional<AuditHead>& trusted) {
    auto anchor = auditAnchorOf(database);
    if (!anchor) return fail(std::move(anchor).error());
    ChainCheck check(*anchor);
    std::string hashAtTrusted = trusted && trusted->seq == 0 ? trusted->hash : std::string();
    if (trusted) {
        auto known = database.query(
            "SELECT hash FROM audit_anchors WHERE seq = ?", [&](const Statement& row) { hashAtTrusted = row.text(0); },
            trusted->seq);
        if (!known) return fail(std::move(known).error());
    }
    auto walked = walkAudit(database, [&](const AuditRow& row) {
        if (trusted && row.seq == trusted->seq) hashAtTrusted = row.hash;
        check.see(row);
    });
    if (!walked) return fail(std::move(walked).error());
    check.end();
    if (!trusted || check.report().broken || hashAtTrusted == trusted->hash) return check.report();
    bool removed = *anchor && trusted->seq < (*anchor)->seq && hashAtTrusted.empty();
    check.refuse(trusted->seq, removed ? "the row that was noted earlier is one of those that retention has removed"
                               : hashAtTrusted.empty() ? "the log ends before the row that was noted earlier"
                                                       : "the row is not the one that was noted earlier");
    return check.report();
}

Result<AuditHead> auditHeadOf(Database& database) {
    AuditHead head{0, std::string(64, '0')};
    auto done = database.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
                               [&](const Statement& row) { head = {row.integer(0), row.text(1)}; });
    if (!done) return fail(std::move(done).error());
    return head;
}

}  // namespace klaw::storage
