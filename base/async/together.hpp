#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/caught.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"

namespace klaw {

/// All of them at once, as tasks of `group`; their results in their order. Where the waiting task is cancelled they go
/// on to their end in the group.
template <class T>
Task<std::vector<Result<T>>> together(Loop& loop, TaskGroup& group, std::string name,
                                      std::vector<Task<Result<T>>> tasks) {
    struct Gathered {
        explicit Gathered(Loop& of) : changed(of) {}
        LoopCondition changed;
        std::vector<std::optional<Result<T>>> results;
        std::size_t open = 0;
    };
    auto gathered = std::make_shared<Gathered>(loop);
    gathered->results.resize(tasks.size());
    gathered->open = tasks.size();
    for (std::size_t i = 0; i < tasks.size(); ++i)
        if (bool runs =
                group.spawn(name,
                            [](std::shared_ptr<Gathered> into, std::size_t at, Task<Result<T>> task) -> Task<void> {
                                into->results[at] = co_await caught(std::move(task));
                                --into->open;
                                into->changed.notify();
                            }(gathered, i, std::move(tasks[i])));
            !runs) {
            gathered->results[i] = fail(ErrorCode::Cancelled, "the agent ends");
            --gathered->open;
        }
    std::function<bool()> allCame = [gathered] { return gathered->open == 0; };
    co_await gathered->changed.until(std::move(allCame));
    std::vector<Result<T>> results;
    for (auto& result : gathered->results) results.push_back(std::move(*result));
    co_return results;
}

}  // namespace klaw
