#include "storage/postgres/deadline.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace klaw::storage {

Deadline::~Deadline() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    if (socket_ >= 0) ::close(socket_);
}

void Deadline::arm(int socket, std::chrono::nanoseconds limit) {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    // A descriptor of our own: the library may close its one in the middle of the call.
    socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    due_ = Clock::now() + limit;
    struck_ = false;
    if (waits_) wake_.notify_one();
}

bool Deadline::disarm() {
    std::lock_guard lock(mutex_);
    due_.reset();
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    return struck_;
}

/// A disarmed deadline wakes nobody: the thread finds the later one when it looks.
void Deadline::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!due_) {
            waits_ = true;
            wake_.wait(lock, [&] { return stopping_ || due_; });
            waits_ = false;
            continue;
        }
        auto due = *due_;
        if (Clock::now() < due) {
            wake_.wait_until(lock, due, [&] { return stopping_; });
            continue;
        }
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
        struck_ = true;
        due_.reset();
    }
}

}  // namespace klaw::storage
