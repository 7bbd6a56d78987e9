#pragma once

#include <memory>
#include <string>

#include "agent/kube/api_server.hpp"
#include "agent/lead/lease.hpp"
#include "base/async/task.hpp"

namespace klaw::lead {

/// Where the one Lease of an election is. Whoever writes says which version they have seen: of two, one wins.
class LeaseStore {
public:
    virtual ~LeaseStore() = default;
    /// NotFound where there is none.
    virtual Task<Result<Lease>> get(Duration timeout) = 0;
    /// Conflict where there is one meanwhile.
    virtual Task<Result<Lease>> create(Lease lease, Duration timeout) = 0;
    /// Conflict where it is another version than that of `lease`, NotFound where it is gone.
    virtual Task<Result<Lease>> update(Lease lease, Duration timeout) = 0;
};

/// In a cluster.
class ClusterLease final : public LeaseStore {
public:
    ClusterLease(std::shared_ptr<kube::ApiServer> server, std::string ns, std::string name)
        : server_(std::move(server)), ns_(std::move(ns)), name_(std::move(name)) {}
    Task<Result<Lease>> get(Duration timeout) override;
    Task<Result<Lease>> create(Lease lease, Duration timeout) override;
    Task<Result<Lease>> update(Lease lease, Duration timeout) override;

private:
    Task<Result<Lease>> write(std::string method, std::string path, Lease lease, Duration timeout);
    std::string collection() const;

    std::shared_ptr<kube::ApiServer> server_;
    std::string ns_, name_;
};

}  // namespace klaw::lead
