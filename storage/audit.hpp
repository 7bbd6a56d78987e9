#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace klaw::storage {

/// Who tried what, and what was decided or came of it.
struct AuditEntry {
    TimePoint at{};
    std::string actor;     ///< "feishu:ou_…", "klaw"
    std::string action;    ///< verb: "restart", "silence", "grant"
    std::string decision;  ///< "allowed", "denied", "needs_approval", "approved", "done", "failed", …: docs/audit.md
    std::string target;    ///< cluster/namespace/kind/name or the like
    std::string detail;    ///< JSON text; hashed and stored as given
};

/// A row of the log. `hash` is SHA-256 in hex over the fields and `prevHash`; see auditHash().
struct AuditRow {
    std::int64_t seq = 0;  ///< from 1, without gaps
    AuditEntry entry;
    std::string prevHash;  ///< 64 zeros in the first row
    std::string hash;
};

/// The end of the chain. Kept outside the database (a card, an export), it also proves that nothing was cut off.
struct AuditHead {
    std::int64_t seq = 0;
    std::string hash;
    friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

/// Hex SHA-256 over "klaw-audit-1\n" and, for seq, at (unix ns), actor, action, decision, target, detail and prevHash
/// in this order, the length in bytes, ':', the text and '\n'. Lengths keep two different rows from reading the same.
std::string auditHash(const AuditRow& row);

/// Where the log was cut because its rows were old: the last that is gone.
struct AuditAnchor {
    std::int64_t seq = 0;  ///< rows 1 to this were removed
    std::string hash;
    TimePoint at{};  ///< when
};

/// The action of the row by which the log itself tells that it was cut, and what it says of that.
inline constexpr std::string_view auditRetention = "audit.retention";
std::string retentionDetail(const AuditAnchor& anchor);

struct AuditBreak {
    std::int64_t seq = 0;     ///< first row that does not hold
    std::string explanation;  ///< sentence for people
};

struct AuditReport {
    std::int64_t rows = 0;              ///< that hold, counted from the first that is there
    AuditHead head;                     ///< of those
    std::optional<AuditAnchor> anchor;  ///< from which the chain goes on; nothing: it is whole
    std::optional<AuditBreak> broken;
};

}  // namespace klaw::storage
