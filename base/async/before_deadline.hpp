#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <optional>

#include "base/async/loop_clock.hpp"

namespace klaw {

namespace detail {

/// A failed side of `||` would not end it, so failures travel as values.
template <class T>
struct Settled {
    std::optional<T> value;
    std::exception_ptr error;
};

template <class T>
Task<Settled<T>> settle(Task<T> work) {
    Settled<T> outcome;
    try {
        outcome.value.emplace(co_await std::move(work));
    } catch (...) {
        outcome.error = std::current_exception();
    }
    co_return outcome;
}

}  // namespace detail

/// The result of `work`, or nullopt when `due` passed first; either way the work has ended, so it must be cancellable.
/// Throws what the work throws, and operation_aborted when the waiting task is cancelled. Costly to compile: not for
/// headers, and not for sockets, which have deadlines of their own.
template <class T>
Task<std::optional<T>> beforeDeadline(LoopClock& clock, TimePoint due, Task<T> work) {
    using boost::asio::experimental::awaitable_operators::operator||;
    auto winner = co_await (detail::settle(std::move(work)) || clock.sleepUntil(due));
    if (winner.index() == 1) {
        auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() == boost::asio::cancellation_type::none) co_return std::nullopt;
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
    auto& settled = std::get<0>(winner);
    if (settled.error) std::rethrow_exception(settled.error);
    co_return std::move(settled.value);
}

}  // namespace klaw
