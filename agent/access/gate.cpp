#include "agent/access/gate.hpp"

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

Task<Result<Permit>> Gate::permit(Request request, Permit::Extent extent, std::string what, storage::UnitOfWork with) {
    auto decision = decide(request);
    bool dryRun = extent == Permit::Extent::DryRun;
    with.audit.back().decision = !decision.allowed ? "denied" : dryRun ? "previewed" : "allowed";
    if (!decision.allowed) {
        with.meta.clear();
        with.usedOffers.clear();
    }
    auto undone = undoing(with);
    auto stored = co_await append_(std::move(with));
    if (!decision.allowed) co_return fail(ErrorCode::PermissionDenied, std::move(decision.reason));
    if (!stored || stored->auditSeqs.empty()) {
        co_await append_(std::move(undone));
        co_return fail(ErrorCode::Unavailable, "what is to be done cannot be written to the audit log", {},
                       "nothing was done; see /readyz for what is wrong with the storage");
    }
    auto place = std::move(request.place).value_or(Place());
    Permit permit(extent, std::move(request.identity), std::move(place.cluster), std::move(place.ns), std::move(what),
                  stored->auditSeqs.back());
    co_return permit;
}

}  // namespace klaw::access
