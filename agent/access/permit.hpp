#pragma once

#include <cstdint>
#include <string>

namespace klaw::access {

/// Proof that somebody may change one cluster, and that this is in the audit log already. Only a Gate makes one, once
/// the row is durable; whoever changes a cluster has to show it.
class Permit {
public:
    enum class Extent {
        DryRun,  ///< the API server is asked what would happen; it changes nothing
        Change,
    };

    Extent extent() const { return extent_; }
    const std::string& identity() const { return identity_; }
    const std::string& cluster() const { return cluster_; }
    /// The row of the audit log.
    std::int64_t auditSeq() const { return auditSeq_; }

private:
    friend class Gate;
    Permit(Extent extent, std::string identity, std::string cluster, std::int64_t auditSeq)
        : extent_(extent), identity_(std::move(identity)), cluster_(std::move(cluster)), auditSeq_(auditSeq) {}

    Extent extent_;
    std::string identity_;
    std::string cluster_;
    std::int64_t auditSeq_;
};

}  // namespace klaw::access
