#pragma once

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/clock.hpp"

namespace klaw {

/// A clock one can wait on. Waits use the monotonic clock, so that a jump of the wall clock ends nothing early.
class LoopClock : public Clock {
public:
    /// Returns early, without error, when the waiting task is cancelled.
    virtual Task<void> sleepFor(Duration wait) = 0;
    Task<void> sleepUntil(TimePoint due) { return sleepFor(due - now()); }
};

/// Real time.
class SystemLoopClock final : public LoopClock {
public:
    explicit SystemLoopClock(Loop& loop) : loop_(loop) {}
    TimePoint now() const override;
    Task<void> sleepFor(Duration wait) override;

private:
    Loop& loop_;
};

/// Virtual time for tests: `advance` wakes everything that became due, in order of due time, polling the loop between.
/// Call `advance` from outside the loop, never from a task.
class FakeLoopClock final : public LoopClock {
public:
    FakeLoopClock(Loop& loop, TimePoint start);
    ~FakeLoopClock() override;
    TimePoint now() const override;
    Task<void> sleepFor(Duration wait) override;
    void advance(Duration by);
    std::size_t sleepers() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw
