#pragma once

#include <vector>

#include "base/result.hpp"
#include "storage/audit.hpp"
#include "storage/database.hpp"
#include "storage/tables.hpp"

namespace klaw::storage {

struct TransferReport {
    std::vector<TableRows> tables;
    AuditReport audit;  ///< of the copy; the same as of what was copied
};

/// Copies everything into an empty PostgreSQL database, in one transaction: after a failure it is as empty as before.
/// Conflict when it is not empty or an agent uses it. Counts and the chain of the audit log are compared before the
/// commit; a log that is broken is copied as it is, and the report says so.
Result<TransferReport> transfer(Database& from, Database& to);

}  // namespace klaw::storage
