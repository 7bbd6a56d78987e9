#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

namespace klaw {

/// The one event loop of the process: one io_context that one thread runs.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until no work is left. Nobody calls io_context::stop(): tasks are cancelled and end by themselves.
    void run();
    /// Runs what is ready and returns; for tests.
    void poll();
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
