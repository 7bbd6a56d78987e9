#pragma once

#include <memory>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"

namespace klaw::app {

/// SIGTERM, SIGINT and SIGHUP as events of the loop, as long as this lives.
class Signals {
public:
    explicit Signals(Loop& loop);
    ~Signals();
    /// The number of the next signal; throws operation_aborted when cancelled.
    Task<int> next();
    /// Gives the signals their usual meaning back: a second one ends the process at once.
    void release();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::app
