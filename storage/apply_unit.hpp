#pragma once

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::storage {

/// Writes a unit within a transaction of the caller's. After an error the caller rolls it back.
Result<void> applyUnit(Database& database, const UnitOfWork& unit, Committed& committed);

// One group of tables a file.
Result<void> applyAlerts(Database& database, const UnitOfWork& unit);
Result<void> applyOutbox(Database& database, const UnitOfWork& unit, Committed& committed);
Result<void> applyRuleRevisions(Database& database, const UnitOfWork& unit, Committed& committed);
Result<void> appendAudit(Database& database, const std::vector<AuditEntry>& entries, Committed& committed);
/// Removes the oldest rows, some thousand at most, where they are older than `keep`; an anchor takes their place.
Result<void> cutAudit(Database& database, TimePoint now, Duration keep, std::uint64_t& removed);
Result<void> useOffer(Database& database, const OfferUse& use);

}  // namespace klaw::storage
