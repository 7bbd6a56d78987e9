#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.hpp"

namespace klaw {

/// How long single pieces of work have held the loop since it began: nothing else happened meanwhile.
struct LoopTurns {
    static constexpr Duration slow = 20ms;
    std::uint64_t slowOnes = 0;  ///< longer than `slow`
    Duration longest{};
};

/// The one event loop of the process: one io_context that one thread runs.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until no work is left. Nobody calls io_context::stop(): tasks are cancelled and end by themselves.
    void run();
    /// On the loop thread.
    const LoopTurns& turns() const;
    /// Runs what is ready and returns; for tests.
    void poll();
    /// Runs until `done` holds, which is looked at after each event; for tests. False when `atMost` (real time) passed
    /// or no work was left before it held.
    bool runUntil(const std::function<bool()>& done, Duration atMost = 10s);
    /// From any thread: runs `work` on the loop thread, in order of posting.
    void post(std::function<void()> work);
    boost::asio::any_io_executor executor();
    /// True on the thread that is inside run() or poll().
    bool isCurrent() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw
