#include "notifiers/token_cache.hpp"

#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

class TokenCacheTest : public NotifierTest {
protected:
    TokenCacheTest() : cache(loop, clock, 5min, [this] { return fetch(); }) {}

    Task<Result<TokenCache::Token>> fetch() {
        ++fetches;
        co_await clock.sleepFor(1s);
        if (broken) co_return fail(ErrorCode::Unavailable, "no token today");
        TokenCache::Token token{"t-" + std::to_string(fetches), 2h};
        co_return token;
    }
    /// Begins to ask; the answer comes with time.
    std::shared_ptr<std::optional<Result<std::string>>> ask() {
        auto answer = std::make_shared<std::optional<Result<std::string>>>();
        auto wait = [](TokenCache& of, std::shared_ptr<std::optional<Result<std::string>>> into) -> Task<void> {
            into->emplace(co_await of.get());
        };
        tasks.spawn("asker", wait(cache, answer));
        loop.poll();
        return answer;
    }
    Result<std::string> token() {
        auto answer = ask();
        clock.advance(1s);
        EXPECT_TRUE(answer->has_value());
        return answer->value();
    }

    int fetches = 0;
    bool broken = false;
    TokenCache cache;
};

TEST_F(TokenCacheTest, IsAskedOnceHoweverManyWait) {
    auto first = ask(), second = ask(), third = ask();
    clock.advance(1s);
    for (const auto& answer : {first, second, third}) EXPECT_EQ(answer->value().value(), "t-1");
    EXPECT_EQ(token(), "t-1");
    EXPECT_EQ(fetches, 1);
}

TEST_F(TokenCacheTest, IsRenewedShortlyBeforeTheEnd) {
    EXPECT_EQ(token(), "t-1");
    clock.advance(1h + 54min);
    EXPECT_EQ(token(), "t-1");
    clock.advance(1min);
    EXPECT_EQ(token(), "t-2");
}

TEST_F(TokenCacheTest, KeepsTheOldOneWhileItCannotBeRenewed) {
    EXPECT_EQ(token(), "t-1");
    broken = true;
    clock.advance(1h + 56min);
    EXPECT_EQ(token(), "t-1");
    clock.advance(4min);
    EXPECT_EQ(token().error().code, ErrorCode::Unavailable);
}

TEST_F(TokenCacheTest, ForgetsOneThatThePlatformDoesNotTake) {
    EXPECT_EQ(token(), "t-1");
    cache.drop("another");
    EXPECT_EQ(token(), "t-1");
    cache.drop("t-1");
    EXPECT_EQ(token(), "t-2");
}

TEST_F(TokenCacheTest, TellsAllWhoWaitThatItFailedAndTriesAgainForTheNext) {
    broken = true;
    auto first = ask(), second = ask();
    clock.advance(1s);
    EXPECT_FALSE(first->value());
    EXPECT_FALSE(second->value());
    EXPECT_EQ(fetches, 1);
    broken = false;
    EXPECT_EQ(token(), "t-2");
}

}  // namespace
}  // namespace klaw::notifiers::test
