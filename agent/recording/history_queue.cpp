#include "agent/recording/history_queue.hpp"

#include "agent/recording/marks.hpp"

namespace klaw::recording {

void HistoryQueue::put(QueuedEvent event) {
    std::lock_guard lock(mutex_);
    Stream stream(event.cluster, event.resource);
    if (bytes_ + event.text.size() > limit_) {
        ++lost_;
        lossy_.insert(std::move(stream));
        return;
    }
    if (lossy_.erase(stream) > 0)
        waiting_.push_back({event.at, event.cluster, event.resource, std::string(lostMark), false});
    bytes_ += event.text.size();
    waiting_.push_back(std::move(event));
    if (bytes_ > limit_ / 8) filled_.notify_one();
}

std::deque<QueuedEvent> HistoryQueue::take() {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, 1s, [this] { return closed_ || bytes_ > limit_ / 8; });
    bytes_ = 0;
    return std::exchange(waiting_, {});
}

void HistoryQueue::countLost(std::uint64_t events) {
    std::lock_guard lock(mutex_);
    lost_ += events;
}

void HistoryQueue::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_one();
}

bool HistoryQueue::isClosed() const {
    std::lock_guard lock(mutex_);
    return closed_ && waiting_.empty();
}

std::uint64_t HistoryQueue::lost() const {
    std::lock_guard lock(mutex_);
    return lost_;
}

}  // namespace klaw::recording
