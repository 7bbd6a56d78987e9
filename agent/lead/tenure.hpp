#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::lead {

/// The time on a clock of this machine that nobody sets, and that goes on while the process or the machine sleeps.
Duration elapsedSinceBoot();

/// Until when this process may act as the leader. Once that has passed it is over for good: `over` is told, which ends
/// the process. A thread of its own watches, so that nothing that holds the loop can be late; and because a process
/// that was stopped goes on with all its threads at once, whoever acts asks check() first.
class Tenure {
public:
    using Elapsed = std::function<Duration()>;
    using Over = std::function<void(const std::string& reason)>;
    /// `over` is called once, on any thread.
    Tenure(Elapsed elapsed, Over over);
    ~Tenure();
    Tenure(const Tenure&) = delete;
    Tenure& operator=(const Tenure&) = delete;

    /// Begins it, or makes it longer; never shorter. Not once it is over.
    void extendTo(Duration end);
    /// Any thread.
    bool holds() const;
    /// The same for whoever is about to act: Cancelled, and `over` has been told, where the time has passed.
    Result<void> check();
    /// Somebody else leads.
    void end(const std::string& reason);
    /// In good order: holds no more, and `over` is not told.
    void giveUp();

private:
    void watch();
    void tell(const std::string& reason);

    Elapsed elapsed_;
    Over over_;
    std::atomic<Duration::rep> end_{0};
    std::atomic<bool> begun_{false}, ended_{false};
    std::once_flag told_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread watcher_;
};

}  // namespace klaw::lead
