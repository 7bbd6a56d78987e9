#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"

namespace klaw::backup {

/// Work that would hold the loop for long: a key made of a passphrase, a disk that takes its time. Each runs on a
/// thread of its own, and its task goes on afterwards. On the loop thread, which it does not outlive.
class Aside {
public:
    explicit Aside(Loop& loop) : loop_(loop) {}
    ~Aside();  ///< waits for what still runs

    /// `work` refers to nothing that may be gone before it has ended: a task that is cancelled does not end it.
    template <class T>
    Task<T> run(std::function<T()> work) {
        auto result = std::make_shared<std::optional<T>>();
        std::function<void()> keep = [result, work = std::move(work)] { result->emplace(work()); };
        co_await start(std::move(keep));
        co_return std::move(**result);
    }

private:
    struct Job;
    Task<void> start(std::function<void()> work);

    Loop& loop_;
    std::list<std::shared_ptr<Job>> jobs_;
};

/// Lets everything else that is ready have its turn.
Task<void> nextTurn();

}  // namespace klaw::backup
