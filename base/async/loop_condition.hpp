#pragma once

#include <functional>
#include <memory>

#include "base/async/loop.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"

namespace klaw {

/// Waits on the loop thread until a predicate holds. Replaces mutex and condition variable and cannot lose a wake-up.
class LoopCondition {
public:
    explicit LoopCondition(Loop& loop);
    ~LoopCondition();
    /// Throws operation_aborted (boost::system::system_error) when the waiting task is cancelled or the condition is
    /// destroyed; then the predicate is not looked at again.
    Task<void> until(std::function<bool()> predicate);
    /// The same for a limited time: false when `due` passed before the predicate held.
    Task<bool> until(std::function<bool()> predicate, LoopClock& clock, TimePoint due);
    /// Every waiter looks at its predicate again.
    void notify();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace klaw
