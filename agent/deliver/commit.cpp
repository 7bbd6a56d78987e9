#include "agent/deliver/commit.hpp"

#include <memory>
#include <optional>

#include "base/async/loop_condition.hpp"

namespace klaw::deliver {

Commit commitThrough(storage::Writer& writer, Loop& loop) {
    return [&writer, &loop](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
        writer.submit(std::move(unit), [&loop, done = std::move(done)](Result<storage::Committed> result) {
            if (!done) return;
            loop.post([done, result = std::move(result)] { done(result); });
        });
    };
}

Task<Result<storage::Committed>> committed(const Commit& commit, Loop& loop, storage::UnitOfWork unit) {
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
    co_await wait->condition.until([wait] { return wait->result.has_value(); });
    co_return std::move(*wait->result);
}

}  // namespace klaw::deliver
