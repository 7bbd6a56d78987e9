#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "storage/audit.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// Columns of a query that reads whole rows of the audit log, in the order of auditRowOf().
inline constexpr std::string_view auditColumns = "seq, at, actor, action, decision, target, detail, prev_hash, hash";
AuditRow auditRowOf(const Statement& row);

/// Where the log was cut last; nothing: it is whole.
Result<std::optional<AuditAnchor>> auditAnchorOf(Database& database);
Result<AuditHead> auditHeadOf(Database& database);
/// See Reader::verifyAudit(). Reads several times: within a transaction, where others write meanwhile.
Result<AuditReport> verifyAuditLog(Database& database, const std::optional<AuditHead>& trusted = std::nullopt);

}  // namespace klaw::storage
