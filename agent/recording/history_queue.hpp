#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace klaw::recording {

struct QueuedEvent {
    TimePoint at;
    std::string cluster, resource;
    std::string text;
    bool isPage = false;
};

/// What waits to be written, bounded in bytes. What finds no room is counted, and its stream gets a lostMark as soon as
/// there is room again. For one who puts and one who takes.
class HistoryQueue {
public:
    explicit HistoryQueue(std::size_t bytes) : limit_(bytes) {}

    void put(QueuedEvent event);
    /// Everything that waits, at the end of a second, or sooner when much does or it was closed: what comes in pieces
    /// is written in one.
    std::deque<QueuedEvent> take();
    /// Somebody else could not keep what was taken.
    void countLost(std::uint64_t events);
    void close();
    bool isClosed() const;
    std::uint64_t lost() const;

private:
    using Stream = std::pair<std::string, std::string>;  ///< cluster and resource

    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<QueuedEvent> waiting_;
    std::size_t bytes_ = 0;
    std::set<Stream> lossy_;
    std::uint64_t lost_ = 0;
    bool closed_ = false;
    const std::size_t limit_;
};

}  // namespace klaw::recording
