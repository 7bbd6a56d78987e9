#pragma once

#include <functional>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/access/approval_rule.hpp"
#include "agent/access/change_counts.hpp"
#include "agent/access/limit.hpp"
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
    void setApprovalRules(std::vector<ApprovalRule> rules) { approvalRules_ = std::move(rules); }
    void setLimits(std::vector<Limit> limits) { limits_ = std::move(limits); }
    /// Changes of the last hour, from an earlier life of the agent.
    void countEarlier(const std::string& identity, Place place, TimePoint at);
    const Policy& policy() const { return policy_; }
    /// What the policy says now.
    Decision decide(const Request& request) const { return policy_.decide(request, now_()); }
    /// The first rule by which this change needs the approval of another person; null: none. To see the value of a
    /// Secret always needs one, of anybody else who may, where no rule says of whom.
    const ApprovalRule* approvalFor(const Request& request) const;
    /// Whether `approver` may approve what `asked` wants to do; `approver` is the same request as they would make it.
    Decision decideApproval(const Request& asked, const Request& approver) const;
    /// ResourceExhausted where one more change by them there would be too many.
    Result<void> withinLimits(const Request& request) const;

    /// For the request with the digest `what` in the place of `request`. `with` goes into the transaction of the audit
    /// row; its last audit entry is that row, without its decision. PermissionDenied, also recorded, when the policy
    /// says no or an approval is missing; ResourceExhausted where a limit is reached; Unavailable when nothing can be
    /// recorded.
    Task<Result<Permit>> permit(Request request, Permit::Extent extent, std::string what, storage::UnitOfWork with);

private:
    ChangeCounts::Change countedAs(const Request& request) const;
    Result<void> judge(const Request& request, Permit::Extent extent) const;

    Append append_;
    Now now_;
    Policy policy_;
    std::vector<ApprovalRule> approvalRules_;
    std::vector<Limit> limits_;
    ChangeCounts counts_;
};

}  // namespace klaw::access
