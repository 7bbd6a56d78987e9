#pragma once

#include "base/time.hpp"

namespace klaw {

/// The only source of the current time. Tests and replay pass a ManualClock.
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
public:
    TimePoint now() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
};

/// Moves only when told. Not for use from several threads.
class ManualClock final : public Clock {
public:
    explicit ManualClock(TimePoint start) : now_(start) {}
    TimePoint now() const override { return now_; }
    void set(TimePoint time) { now_ = time; }
    void advance(Duration by) { now_ += by; }

private:
    TimePoint now_;
};

}  // namespace klaw
