#include "agent/lead/tenure.hpp"

#include <algorithm>
#include <ctime>

namespace klaw::lead {
namespace {

/// The clock that threads wait by stands still while the machine sleeps, so they look again now and then.
constexpr Duration looksEvery = 250ms;
constexpr auto ranOut = "the lease could not be renewed in time";

}  // namespace

Duration elapsedSinceBoot() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Tenure::Tenure(Elapsed elapsed, Over over) : elapsed_(std::move(elapsed)), over_(std::move(over)) {}

Tenure::~Tenure() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (watcher_.joinable()) watcher_.join();
}

void Tenure::extendTo(Duration end) {
    if (ended_ || (begun_ && !check())) return;
    end_ = std::max(end_.load(), end.count());
    if (begun_.exchange(true)) return;
    watcher_ = std::thread([this] { watch(); });
}

bool Tenure::holds() const {
    return begun_ && !ended_ && elapsed_().count() < end_;
}

Result<void> Tenure::check() {
    if (holds()) return {};
    if (begun_ && !ended_) end(ranOut);
    return fail(ErrorCode::Cancelled, "this agent does not lead any more");
}

void Tenure::end(const std::string& reason) {
    ended_ = true;
    changed_.notify_all();
    tell(reason);
}

void Tenure::giveUp() {
    ended_ = true;
    changed_.notify_all();
}

void Tenure::tell(const std::string& reason) {
    std::call_once(told_, [&] { over_(reason); });
}

void Tenure::watch() {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !ended_) {
        auto left = Duration(end_) - elapsed_();
        if (left <= Duration::zero()) {
            lock.unlock();
            return end(ranOut);
        }
        changed_.wait_for(lock, std::min(left, looksEvery));
    }
}

}  // namespace klaw::lead
