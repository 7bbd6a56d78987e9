#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"

namespace klaw {

/// Named tasks with one owner. Every task of the program lives in a group; none is detached.
class TaskGroup {
public:
    /// `onFailure(name, what)` hears of every exception that leaves a task, except aborts while stopping.
    TaskGroup(Loop& loop, std::function<void(std::string, std::string)> onFailure);
    ~TaskGroup();  ///< the group must be empty; tasks still there are named in the log and cancelled

    /// False when the group has been stopped: the task is destroyed unrun.
    bool spawn(std::string name, Task<void> task);
    /// Cancels all tasks and waits until each has ended, so it is never called by one of them. Further spawns are
    /// refused.
    Task<void> stop();
    std::vector<std::string> running() const;
    bool empty() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace klaw
