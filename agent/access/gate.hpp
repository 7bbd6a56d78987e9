#pragma once

#include <functional>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/access/permit.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::access {

/// The only way to a Permit: the policy decides, and the decision is in the audit log before anybody acts on it. On the
/// loop thread.
class Gate {
public:
    /// Makes a unit durable; an Error where it would not outlive the agent.
    using Append = std::function<Task<Result<storage::Committed>>(storage::UnitOfWork unit)>;
    using Now = std::function<TimePoint()>;
    Gate(Append append, Now now) : append_(std::move(append)), now_(std::move(now)) {}

    void setPolicy(Policy policy) { policy_ = std::move(policy); }
    const Policy& policy() const { return policy_; }
    /// What the policy says now.
    Decision decide(const Request& request) const { return policy_.decide(request, now_()); }

    /// For the request with the digest `what` in the place of `request`. `with` goes into the transaction of the audit
    /// row; its last audit entry is that row, without its decision. PermissionDenied, also recorded, when the policy
    /// says no; Unavailable when nothing can be recorded.
    Task<Result<Permit>> permit(Request request, Permit::Extent extent, std::string what, storage::UnitOfWork with);

private:
    Append append_;
    Now now_;
    Policy policy_;
};

}  // namespace klaw::access
