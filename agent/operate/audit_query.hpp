#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/operate/output.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/reader.hpp"

namespace klaw::operate {

/// Which rows of the audit log are wanted, as people write it. What is empty fits everything.
struct AuditWords {
    std::string person;   ///< a name of `access`, or an identity
    std::string verb;     ///< in any of its words
    std::string outcome;  ///< "done", "denied"
    std::string cluster;
    std::string ns;
    std::string object;  ///< "deploy/web" or "web"
    std::string since;   ///< "2h", a day or an instant
    std::string until;
};

Result<storage::AuditFilter> auditFilter(const AuditWords& words, const access::Policy& policy, TimePoint now);

/// "2h" ago, "2026-11-26" or "2026-11-26T10:00:00+08:00".
Result<TimePoint> pastTime(const std::string& text, TimePoint now);

/// For people: who, what, where and what came of it. Masked for secrets.
Table auditTable(const std::vector<storage::AuditRow>& rows, int utcOffsetMinutes);

/// A row for machines, with everything that its hash is over: docs/audit.md. One line.
std::string auditJson(const storage::AuditRow& row);

/// The first line of an export, before its rows: docs/audit.md. With an end of line.
std::string auditExportHead(const std::optional<storage::AuditAnchor>& anchor);

/// What the walk along the chain has found, in sentences.
std::string auditVerdict(const storage::AuditReport& report);

/// "Deployment/web" of "deploy/web": the end of the target of a change; "web" stays.
std::string objectOfTarget(const std::string& written);

}  // namespace klaw::operate
