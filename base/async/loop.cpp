#include "base/async/loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace klaw {

struct Loop::Impl {
    boost::asio::io_context context{1};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
    impl_->context.restart();  // a context that ran out of work refuses to run again without this
    impl_->context.run();
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
