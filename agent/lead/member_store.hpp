#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/kube/api_server.hpp"
#include "agent/lead/lease.hpp"
#include "base/async/task.hpp"

namespace klaw::lead {

/// What a replica says of itself, in a Lease of its own.
struct MemberRecord {
    std::string name;     ///< of the Lease
    std::string address;  ///< where others reach it
    bool serving = false;
    Lease lease;          ///< its holder is the replica
    bool proved = false;  ///< by the token that replicas share: else anybody who may write Leases may have written it
};

/// The Leases of the members of one election.
class MemberStore {
public:
    virtual ~MemberStore() = default;
    virtual Task<Result<std::vector<MemberRecord>>> list(Duration timeout) = 0;
    /// Creates it where its lease has no version.
    virtual Task<Result<void>> put(MemberRecord record, Duration timeout) = 0;
    virtual Task<Result<void>> remove(std::string name, Duration timeout) = 0;
};

/// In a cluster, beside the Lease of the leader: found by a label that names it.
class ClusterMembers final : public MemberStore {
public:
    ClusterMembers(std::shared_ptr<kube::ApiServer> server, std::string ns, std::string electionLease,
                   std::string token)
        : server_(std::move(server)),
          ns_(std::move(ns)),
          election_(std::move(electionLease)),
          token_(std::move(token)) {}
    Task<Result<std::vector<MemberRecord>>> list(Duration timeout) override;
    Task<Result<void>> put(MemberRecord record, Duration timeout) override;
    Task<Result<void>> remove(std::string name, Duration timeout) override;

private:
    std::string collection() const;
    std::string proofOf(const MemberRecord& record) const;

    std::shared_ptr<kube::ApiServer> server_;
    std::string ns_, election_, token_;
};

}  // namespace klaw::lead
