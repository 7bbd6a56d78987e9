#include "agent/app/signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

namespace klaw::app {

struct Signals::Impl {
    explicit Impl(Loop& loop) : set(loop.executor(), SIGTERM, SIGINT, SIGHUP) {}
    boost::asio::signal_set set;
};

Signals::Signals(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Signals::~Signals() = default;

Task<int> Signals::next() {
    co_return co_await impl_->set.async_wait(boost::asio::use_awaitable);
}

void Signals::release() {
    impl_->set.clear();
}

}  // namespace klaw::app
