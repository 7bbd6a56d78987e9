#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <string>

#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw {

inline Error failureOf(const std::exception& exception) {
    return Error(ErrorCode::Internal, std::string("an unexpected failure: ") + exception.what())
        .withRetry(Retry::later());
}

template <class T>
struct Unwrapped {
    using Type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
    using Type = T;
};

/// The task with its exceptions as Errors (Internal, worth another try), for loops that must go on whatever happens
/// inside. The abort of a cancelled task goes through.
template <class T>
Task<Result<typename Unwrapped<T>::Type>> caught(Task<T> task) {
    Error failure;
    try {
        co_return co_await std::move(task);
    } catch (const boost::system::system_error& error) {
        if (error.code() == boost::asio::error::operation_aborted) throw;
        failure = failureOf(error);
    } catch (const std::exception& error) {
        failure = failureOf(error);
    }
    co_return fail(std::move(failure));
}

}  // namespace klaw
