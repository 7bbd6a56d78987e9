#include "notifiers/token_cache.hpp"

#include <utility>

namespace klaw::notifiers {

/// However the fetch ends, cancelled too, those who wait for it go on.
struct TokenCache::Fetching {
    explicit Fetching(TokenCache& owner) : cache(owner) { cache.fetching_ = true; }
    ~Fetching() {
        cache.fetching_ = false;
        cache.changed_.notify();
    }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;
    TokenCache& cache;
};

TokenCache::TokenCache(Loop& loop, const Clock& clock, Duration renewBefore, Fetch fetch)
    : clock_(clock), renewBefore_(renewBefore), fetch_(std::move(fetch)), changed_(loop) {}

Task<Result<std::string>> TokenCache::get() {
    for (;;) {
        if (!token_.empty() && clock_.now() < renewAt_) co_return token_;
        if (!fetching_) co_return co_await renew();
        auto round = rounds_;
        auto ended = [this] { return !fetching_; };
        co_await changed_.until(ended);
        if (rounds_ != round && failure_ && clock_.now() >= endsAt_) co_return fail(*failure_);
        if (rounds_ != round && !token_.empty()) co_return token_;
    }
}

Task<Result<std::string>> TokenCache::renew() {
    Fetching fetching(*this);
    auto fetched = co_await fetch_();
    take(std::move(fetched));
    if (failure_ && (token_.empty() || clock_.now() >= endsAt_)) co_return fail(*failure_);
    co_return token_;
}

void TokenCache::take(Result<Token> fetched) {
    ++rounds_;
    if (!fetched) {
        failure_ = std::move(fetched).error();
        return;
    }
    failure_.reset();
    token_ = std::move(fetched->text);
    endsAt_ = clock_.now() + fetched->lifetime;
    renewAt_ = endsAt_ - std::min(renewBefore_, fetched->lifetime / 2);
}

void TokenCache::drop(std::string_view token) {
    if (token_ != token) return;
    token_.clear();
    endsAt_ = renewAt_ = TimePoint();
}

}  // namespace klaw::notifiers
