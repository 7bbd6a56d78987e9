#include "agent/access/gate.hpp"

#include <algorithm>

namespace klaw::access {
namespace {

/// What cannot be stored now may be later, when nothing is done any more.
storage::UnitOfWork undoing(const storage::UnitOfWork& with) {
    storage::UnitOfWork undone;
    for (const auto& entry : with.meta) undone.meta.push_back({entry.key, {}});
    undone.audit.push_back(with.audit.back());
    undone.audit.back().decision = "failed";
    return undone;
}

}  // namespace

void Gate::countEarlier(const std::string& identity, Place place, TimePoint at) {
    Request earlier;
    earlier.identity = identity;
    earlier.place = std::move(place);
    auto change = countedAs(earlier);
    change.at = at;
    counts_.add(std::move(change));
}

/// Of one person, whichever platform they came by.
ChangeCounts::Change Gate::countedAs(const Request& request) const {
    auto name = policy_.nameOf(request.identity);
    if (name.empty()) name = request.identity;
    return {now_(), std::move(name), request.place.value_or(Place())};
}

const ApprovalRule* Gate::approvalFor(const Request& request) const {
    for (const auto& rule : approvalRules_)
        if (covers(rule, request)) return &rule;
    static const ApprovalRule ofReveal{{"reveal"}, {}, {}, {}, {}, {}, {}, {}, 30min};
    return request.permission == "reveal" ? &ofReveal : nullptr;
}

Decision Gate::decideApproval(const Request& asked, const Request& approver) const {
    if (policy_.samePerson(asked.identity, approver.identity))
        return {false, "nobody approves what they have asked for themselves: another person must"};
    auto decision = decide(approver);
    const auto* rule = approvalFor(asked);
    if (!decision.allowed || !rule || (rule->roles.empty() && rule->people.empty())) return decision;
    auto anyAmong = [](const std::vector<std::string>& list, const std::vector<std::string>& items) {
        return std::ranges::any_of(
            items, [&](const std::string& item) { return std::ranges::find(list, item) != list.end(); });
    };
    if (anyAmong(rule->people, policy_.namesOf(approver.identity))) return decision;
    bool byToken = approver.identity.starts_with(localPrefix) && !rule->roles.empty();
    if (byToken || anyAmong(rule->roles, policy_.rolesOf(approver, now_()))) return decision;
    return {false, approver.identity + " is none of those who may approve this: " + approversOf(*rule, false)};
}

Result<void> Gate::withinLimits(const Request& request) const {
    return counts_.check(limits_, countedAs(request));
}

Result<void> Gate::judge(const Request& request, Permit::Extent extent) const {
    auto decision = decide(request);
    if (!decision.allowed) return fail(ErrorCode::PermissionDenied, std::move(decision.reason));
    if (extent == Permit::Extent::DryRun) return {};
    bool approved = !request.approvedBy.empty() && !policy_.samePerson(request.identity, request.approvedBy);
    if (approvalFor(request) && !approved)
        return fail(ErrorCode::PermissionDenied, "this needs the approval of another person");
    return request.furtherPart ? Result<void>() : withinLimits(request);
}

Task<Result<Permit>> Gate::permit(Request request, Permit::Extent extent, std::string what, storage::UnitOfWork with) {
    auto judged = judge(request, extent);
    bool change = extent == Permit::Extent::Change;
    with.audit.back().decision = !judged ? "denied" : change ? "allowed" : "previewed";
    if (!judged) {
        with.meta.clear();
        with.usedOffers.clear();
    }
    auto undone = undoing(with);
    auto counted = countedAs(request);
    bool counts = judged && change && !request.furtherPart;
    if (counts) counts_.add(counted);  // at once: another one may be on its way
    auto stored = co_await append_(std::move(with));
    if (!judged) co_return fail(std::move(judged).error());
    if (!stored || stored->auditSeqs.empty()) {
        if (counts) counts_.takeBack(counted);
        co_await append_(std::move(undone));
        co_return fail(ErrorCode::Unavailable, "what is to be done cannot be written to the audit log", {},
                       "nothing was done; see /readyz for what is wrong with the storage");
    }
    auto groups = policy_.groupsOf(request, now_());
    auto place = std::move(request.place).value_or(Place());
    Permit permit(extent, std::move(request.identity), std::move(groups), std::move(place.cluster), std::move(place.ns),
                  std::move(what), stored->auditSeqs.back());
    co_return permit;
}

}  // namespace klaw::access
