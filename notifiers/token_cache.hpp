#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/async/loop_condition.hpp"
#include "base/async/task.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace klaw::notifiers {

/// An application's access token: asked for when it is needed, kept until shortly before its end, shared by everybody
/// who asks meanwhile. On the loop thread.
class TokenCache {
public:
    struct Token {
        std::string text;
        Duration lifetime{};
    };
    using Fetch = std::function<Task<Result<Token>>()>;

    /// The clock outlives the cache. A token is renewed `renewBefore` its end; the old one serves while that fails.
    TokenCache(Loop& loop, const Clock& clock, Duration renewBefore, Fetch fetch);

    Task<Result<std::string>> get();
    /// The platform did not take this token: it is not given again. One that has been renewed meanwhile stays.
    void drop(std::string_view token);

private:
    struct Fetching;
    Task<Result<std::string>> renew();
    void take(Result<Token> fetched);

    const Clock& clock_;
    Duration renewBefore_;
    Fetch fetch_;
    std::string token_;
    TimePoint renewAt_{};
    TimePoint endsAt_{};
    bool fetching_ = false;
    std::uint64_t rounds_ = 0;      ///< fetches that have ended
    std::optional<Error> failure_;  ///< of the last one
    LoopCondition changed_;
};

}  // namespace klaw::notifiers
