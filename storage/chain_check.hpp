#pragma once

#include <optional>
#include <string>
#include <utility>

#include "storage/audit.hpp"

namespace klaw::storage {

/// Walks the chain of the audit log row by row, oldest first, from where it was cut: docs/audit.md, "The hash".
class ChainCheck {
public:
    explicit ChainCheck(std::optional<AuditAnchor> anchor);
    void see(const AuditRow& row);
    /// After the last row: a cut that the log does not tell of was made by somebody else.
    void end();
    void refuse(std::int64_t seq, std::string explanation) { report_.broken = AuditBreak{seq, std::move(explanation)}; }
    const AuditReport& report() const { return report_; }

private:
    AuditReport report_{0, {0, std::string(64, '0')}, {}, {}};
    bool told_ = false;
};

}  // namespace klaw::storage
