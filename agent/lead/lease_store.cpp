#include "agent/lead/lease_store.hpp"

#include "base/percent.hpp"

namespace klaw::lead {

std::string ClusterLease::collection() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + percentEncode(ns_) + "/leases";
}

Task<Result<Lease>> ClusterLease::get(Duration timeout) {
    auto path = collection() + "/" + percentEncode(name_);
    auto answer = co_await server_->get(std::move(path), timeout);
    if (!answer) co_return fail(std::move(answer).error());
    co_return leaseFromJson(answer->body);
}

Task<Result<Lease>> ClusterLease::create(Lease lease, Duration timeout) {
    return write("POST", collection(), std::move(lease), timeout);
}

Task<Result<Lease>> ClusterLease::update(Lease lease, Duration timeout) {
    return write("PUT", collection() + "/" + percentEncode(name_), std::move(lease), timeout);
}

Task<Result<Lease>> ClusterLease::write(std::string method, std::string path, Lease lease, Duration timeout) {
    auto body = toJson(lease, ns_, name_);
    auto answer = co_await server_->writeLease(std::move(method), std::move(path), std::move(body), timeout);
    if (!answer) co_return fail(std::move(answer).error());
    co_return leaseFromJson(answer->body);
}

}  // namespace klaw::lead
