#include "agent/deliver/commit.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "base/async/loop_condition.hpp"

namespace klaw::deliver {

void CommitGate::commit(storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
    if (!done) return writer_.submit(std::move(unit));
    if (degraded_) {
        writer_.submit(std::move(unit));
        loop_.post([done = std::move(done)] { done(storage::Committed()); });
        return;
    }
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(done)});
    auto place = waiting_.insert(waiting_.end(), waiting);
    writer_.submit(std::move(unit), [this, waiting, place](Result<storage::Committed> result) {
        loop_.post([this, waiting, place, result = std::move(result)] {
            if (!waiting->done) return;  // was told to go on before
            waiting_.erase(place);
            std::exchange(waiting->done, nullptr)(result);
        });
    });
}

void CommitGate::setDegraded(bool degraded) {
    degraded_ = degraded;
    if (!degraded) return;
    for (auto& waiting : std::exchange(waiting_, {})) std::exchange(waiting->done, nullptr)(storage::Committed());
}

Task<Result<storage::Committed>> committed(Commit commit, Loop& loop, storage::UnitOfWork unit) {
    struct Wait {
        explicit Wait(Loop& l) : condition(l) {}
        std::optional<Result<storage::Committed>> result;
        LoopCondition condition;
    };
    auto wait = std::make_shared<Wait>(loop);
    commit(std::move(unit), [wait](Result<storage::Committed> result) {
        wait->result = std::move(result);
        wait->condition.notify();
    });
    auto answered = [wait] { return wait->result.has_value(); };
    co_await wait->condition.until(answered);
    co_return std::move(*wait->result);
}

}  // namespace klaw::deliver
