#pragma once

#include <tl/expected.hpp>

#include "base/error.hpp"

namespace klaw {

/// A value or an Error. The alias keeps the way open to std::expected.
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::NotFound, "…")` from any function that returns a Result.
inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string place = {},
                                  std::string remedy = {}) {
    return fail(Error(code, std::move(message), std::move(place), std::move(remedy)));
}

}  // namespace klaw
