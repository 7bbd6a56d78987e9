#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace klaw {

enum class ErrorCode {
    InvalidArgument,
    NotFound,
    Unauthenticated,
    PermissionDenied,
    Conflict,
    Expired,            ///< a resourceVersion, token or offer is too old
    ResourceExhausted,  ///< a rate limit, quota or size limit
    Unavailable,        ///< the peer cannot be reached or answers 5xx
    DeadlineExceeded,
    Cancelled,
    OutcomeUnknown,  ///< the request left, no answer came: it may or may not have taken effect
    DataLoss,        ///< stored or received bytes are damaged
    Unsupported,
    Internal,
};

std::string_view toString(ErrorCode code);

/// Whether the same call may be tried again. Decided by the place that saw the failure.
struct Retry {
    enum class Kind { Never, Later, After };
    Kind kind = Kind::Never;
    Duration after{};  ///< lower bound of the wait; only for After

    static Retry never() { return Retry(); }
    static Retry later() { return Retry{Kind::Later, Duration{}}; }
    static Retry afterAtLeast(Duration wait) { return Retry{Kind::After, wait}; }
};

/// An expected failure: what happened, where, and what to do about it.
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string place;   ///< file:line:column, cluster/namespace/name or URL; may be empty
    std::string remedy;  ///< one sentence; may be empty
    Retry retry;

    Error() = default;
    Error(ErrorCode c, std::string m, std::string p = {}, std::string r = {})
        : code(c), message(std::move(m)), place(std::move(p)), remedy(std::move(r)) {}

    Error withRetry(Retry r) && {
        retry = r;
        return std::move(*this);
    }
    /// Puts `outer: ` before the message, for callers that know more of the context.
    Error within(std::string_view outer) &&;

    /// "place: message (remedy)", the form printed to people.
    std::string describe() const;
};

}  // namespace klaw
