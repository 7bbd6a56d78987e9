#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "agent/lead/lease_store.hpp"
#include "base/async/loop_clock.hpp"

namespace klaw::lead::testing {

/// What an API server has: one Lease, of which each version is replaced by whoever has seen it.
struct ServedLease {
    std::optional<Lease> lease;
    int version = 0;
    int writes = 0;

    Result<Lease> put(Lease written) {
        written.resourceVersion = std::to_string(++version);
        ++writes;
        lease = written;
        return written;
    }
};

/// One candidate's way to it, which can fail in ways of its own.
class FakeLeaseStore final : public LeaseStore {
public:
    FakeLeaseStore(ServedLease& served, LoopClock& clock) : served_(served), clock_(clock) {}

    bool away = false;                  ///< no request arrives
    int lostReplies = 0;                ///< of the next writes that many are done, and their answers are lost
    Duration takes{};                   ///< until the server has it
    std::function<void()> beforeWrite;  ///< what somebody else does in between

    Task<Result<Lease>> get(Duration) override {
        if (auto reached = co_await way(); !reached) co_return fail(std::move(reached).error());
        if (!served_.lease) co_return fail(ErrorCode::NotFound, "leases \"klaw\" not found");
        co_return *served_.lease;
    }
    Task<Result<Lease>> create(Lease lease, Duration) override {
        if (auto reached = co_await way(); !reached) co_return fail(std::move(reached).error());
        meddle();
        if (served_.lease) co_return fail(ErrorCode::Conflict, "leases \"klaw\" already exists");
        co_return answer(served_.put(std::move(lease)));
    }
    Task<Result<Lease>> update(Lease lease, Duration) override {
        if (auto reached = co_await way(); !reached) co_return fail(std::move(reached).error());
        meddle();
        if (!served_.lease) co_return fail(ErrorCode::NotFound, "leases \"klaw\" not found");
        if (served_.lease->resourceVersion != lease.resourceVersion)
            co_return fail(ErrorCode::Conflict, "the object has been modified");
        co_return answer(served_.put(std::move(lease)));
    }

private:
    Task<Result<void>> way() {
        auto late = takes;
        co_await clock_.sleepFor(late);
        if (away) co_return fail(ErrorCode::Unavailable, "no connection could be made");
        co_return Result<void>();
    }
    void meddle() {
        if (beforeWrite) std::exchange(beforeWrite, nullptr)();
    }
    Result<Lease> answer(Result<Lease> written) {
        if (lostReplies == 0) return written;
        --lostReplies;
        return fail(ErrorCode::OutcomeUnknown, "no answer came to the request");
    }

    ServedLease& served_;
    LoopClock& clock_;
};

}  // namespace klaw::lead::testing
