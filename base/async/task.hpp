#pragma once

#include <boost/asio/awaitable.hpp>

namespace klaw {

/// A coroutine on the loop thread. Parameters are taken by value, or by reference only to what outlives the task.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace klaw
