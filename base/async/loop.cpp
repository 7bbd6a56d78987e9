#include "base/async/loop.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <ctime>

namespace klaw {

namespace {

Duration threadCpuTime() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

struct Loop::Impl {
    boost::asio::io_context context{1};
    LoopTurns turns;

    void note(Duration took) {
        turns.longest = std::max(turns.longest, took);
        if (took > LoopTurns::slow) ++turns.slowOnes;
    }
    /// What is ready is timed by the clock. The first piece after a wait cannot be told from the wait, so its CPU time
    /// is taken.
    bool turn() {
        auto began = std::chrono::steady_clock::now();
        if (context.poll_one() > 0) {
            note(std::chrono::steady_clock::now() - began);
            return true;
        }
        auto used = threadCpuTime();
        if (context.run_one() == 0) return false;
        note(threadCpuTime() - used);
        return true;
    }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
    impl_->context.restart();  // a context that ran out of work refuses to run again without this
    while (impl_->turn()) {
    }
}

const LoopTurns& Loop::turns() const {
    return impl_->turns;
}

void Loop::poll() {
    impl_->context.restart();
    impl_->context.poll();
}

bool Loop::runUntil(const std::function<bool()>& done, Duration atMost) {
    auto deadline = std::chrono::steady_clock::now() + atMost;
    impl_->context.restart();
    while (!done())
        if (impl_->context.run_one_until(deadline) == 0) return done();
    return true;
}

void Loop::post(std::function<void()> work) {
    boost::asio::post(impl_->context, std::move(work));
}

boost::asio::any_io_executor Loop::executor() {
    return impl_->context.get_executor();
}

bool Loop::isCurrent() const {
    return impl_->context.get_executor().running_in_this_thread();
}

}  // namespace klaw
