#include "base/async/loop_clock.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

namespace klaw {

namespace asio = boost::asio;

namespace {

constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);

bool isCancelled(const asio::cancellation_state& state) {
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

TimePoint SystemLoopClock::now() const {
    return SystemClock().now();
}

Task<void> SystemLoopClock::sleepFor(Duration wait) {
    // A signal that came before this wait does not reach the timer any more.
    auto state = co_await asio::this_coro::cancellation_state;
    if (isCancelled(state)) co_return;
    asio::steady_timer timer(loop_.executor(), std::max(wait, Duration::zero()));
    co_await timer.async_wait(asTuple);
}

struct FakeLoopClock::Impl {
    struct Sleeper {
        explicit Sleeper(Loop& loop) : timer(loop.executor(), asio::steady_timer::time_point::max()) {}
        asio::steady_timer timer;
        bool woken = false;
    };
    using Sleepers = std::multimap<TimePoint, std::shared_ptr<Sleeper>>;

    Impl(Loop& l, TimePoint start) : loop(l), now(start) {}

    void wakeFirst() {
        auto sleeper = sleepers.begin()->second;
        sleepers.erase(sleepers.begin());
        sleeper->woken = true;
        sleeper->timer.cancel();
    }

    Loop& loop;
    TimePoint now;
    Sleepers sleepers;
};

FakeLoopClock::FakeLoopClock(Loop& loop, TimePoint start) : impl_(std::make_unique<Impl>(loop, start)) {}
FakeLoopClock::~FakeLoopClock() = default;

TimePoint FakeLoopClock::now() const {
    return impl_->now;
}

Task<void> FakeLoopClock::sleepFor(Duration wait) {
    auto state = co_await asio::this_coro::cancellation_state;
    if (isCancelled(state)) co_return;
    if (wait <= Duration::zero()) {
        co_await asio::post(impl_->loop.executor(), asTuple);
        co_return;
    }
    auto sleeper = std::make_shared<Impl::Sleeper>(impl_->loop);
    auto due = wait > TimePoint::max() - impl_->now ? TimePoint::max() : impl_->now + wait;
    auto place = impl_->sleepers.emplace(due, sleeper);
    co_await sleeper->timer.async_wait(asTuple);
    if (!sleeper->woken) impl_->sleepers.erase(place);
}

void FakeLoopClock::advance(Duration by) {
    auto target = impl_->now + by;
    impl_->loop.poll();
    while (!impl_->sleepers.empty() && impl_->sleepers.begin()->first <= target) {
        impl_->now = std::max(impl_->now, impl_->sleepers.begin()->first);
        impl_->wakeFirst();
        impl_->loop.poll();
    }
    impl_->now = target;
    impl_->loop.poll();
}

std::size_t FakeLoopClock::sleepers() const {
    return impl_->sleepers.size();
}

}  // namespace klaw
