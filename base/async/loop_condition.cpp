#include "base/async/loop_condition.hpp"

#include "base/async/before_deadline.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace klaw {

namespace asio = boost::asio;

struct LoopCondition::Impl {
    explicit Impl(Loop& loop) : timer(loop.executor(), asio::steady_timer::time_point::max()) {}

    static Task<void> until(std::shared_ptr<Impl> self, std::function<bool()> predicate) {
        while (!predicate()) {
            co_await self->timer.async_wait(asio::as_tuple(asio::use_awaitable));
            auto state = co_await asio::this_coro::cancellation_state;
            bool cancelled = state.cancelled() != asio::cancellation_type::none;
            if (self->destroyed || cancelled) throw boost::system::system_error(asio::error::operation_aborted);
        }
    }

    asio::steady_timer timer;
    bool destroyed = false;
};

LoopCondition::LoopCondition(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}

LoopCondition::~LoopCondition() {
    impl_->destroyed = true;
    impl_->timer.cancel();
}

Task<void> LoopCondition::until(std::function<bool()> predicate) {
    return Impl::until(impl_, std::move(predicate));
}

Task<bool> LoopCondition::until(std::function<bool()> predicate, LoopClock& clock, TimePoint due) {
    auto wait = [](LoopCondition& condition, std::function<bool()> holds) -> Task<bool> {
        co_await condition.until(std::move(holds));
        co_return true;
    };
    auto held = co_await beforeDeadline(clock, due, wait(*this, std::move(predicate)));
    co_return held.has_value();
}

void LoopCondition::notify() {
    impl_->timer.cancel();
}

}  // namespace klaw
