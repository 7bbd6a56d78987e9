#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace klaw::storage {

/// Ends a blocking call over a socket that takes too long: libpq waits for an answer without limit, and a server that
/// hangs, or a network that swallows packets, must not hang the caller.
class Deadline {
public:
    Deadline() = default;
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// From now on the connection of `socket` is shut down after `limit`, until disarm().
    void arm(int socket, std::chrono::nanoseconds limit);
    /// Whether it was shut down.
    bool disarm();

private:
    using Clock = std::chrono::steady_clock;
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::optional<Clock::time_point> due_;
    int socket_ = -1;
    bool waits_ = false;  ///< the thread waits for the first deadline, not for one
    bool struck_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace klaw::storage
