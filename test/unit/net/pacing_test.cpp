#include <gtest/gtest.h>

#include <algorithm>

#include "base/net/backoff.hpp"
#include "base/net/token_bucket.hpp"

namespace klaw::net {

namespace {

const TimePoint start = fromUnixMillis(1'000'000);

class FixedRandom final : public Random {
public:
    explicit FixedRandom(std::uint64_t value) : value_(value) {}
    std::uint64_t next() override { return value_; }

private:
    std::uint64_t value_;
};

}  // namespace

TEST(Backoff, DoublesFromTheFirstDelayUpToTheLongest) {
    FixedRandom most(~0ull);
    Backoff backoff(most, Backoff::Limits());
    std::vector<std::int64_t> millis;
    for (int i = 0; i < 8; ++i) millis.push_back(std::chrono::round<std::chrono::milliseconds>(backoff.next()).count());
    EXPECT_EQ(millis, (std::vector<std::int64_t>{800, 1600, 3200, 6400, 12800, 25600, 30000, 30000}));
}

TEST(Backoff, JittersBetweenHalfAndTheWholeDelay) {
    SeededRandom random(1);
    Backoff::Limits limits;
    limits.first = limits.longest = 10s;
    Backoff backoff(random, limits);
    Duration least = 1h, most = 0s;
    for (int i = 0; i < 1000; ++i) {
        auto delay = backoff.next();
        least = std::min(least, delay);
        most = std::max(most, delay);
    }
    EXPECT_GE(least, 5s);
    EXPECT_LT(least, 5100ms);
    EXPECT_LE(most, 10s);
    EXPECT_GT(most, 9900ms);
}

TEST(Backoff, ForgetsItsHistoryAfterAHealthyConnectionOnly) {
    FixedRandom most(~0ull);
    Backoff backoff(most, Backoff::Limits());
    backoff.next();
    backoff.next();
    backoff.lived(59s);
    EXPECT_GT(backoff.next(), 3s);
    backoff.lived(60s);
    EXPECT_LE(backoff.next(), 800ms);
}

TEST(TokenBucket, AllowsItsBurstAtOnceAndThenWaitsForTheWindow) {
    TokenBucket bucket(3, 1min);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.tryTake(start));
    EXPECT_FALSE(bucket.tryTake(start));
    EXPECT_EQ(bucket.available(start), 0u);
    EXPECT_EQ(bucket.readyAt(start), start + 1min);
    EXPECT_FALSE(bucket.tryTake(start + 1min - 1ns));
    EXPECT_TRUE(bucket.tryTake(start + 1min));
}

TEST(TokenBucket, IsReadyAtTheTimeItPromises) {
    TokenBucket bucket(2, 10s);
    EXPECT_TRUE(bucket.tryTake(start));
    EXPECT_TRUE(bucket.tryTake(start + 4s));
    auto ready = bucket.readyAt(start + 5s);
    EXPECT_EQ(ready, start + 10s);
    EXPECT_TRUE(bucket.tryTake(ready));
    EXPECT_EQ(bucket.readyAt(ready), start + 14s);
    EXPECT_EQ(bucket.available(start + 15s), 1u);
}

TEST(TokenBucket, NeverLetsMoreThanItsBurstIntoAnyWindow) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SeededRandom random(seed);
        constexpr std::size_t burst = 5;
        constexpr Duration window = 1s;
        TokenBucket bucket(burst, window);
        std::vector<TimePoint> taken;
        auto now = start;
        for (int i = 0; i < 5000; ++i) {
            now += Duration(static_cast<std::int64_t>(random.fraction() * 2e8));
            if (bucket.tryTake(now)) taken.push_back(now);
        }
        for (std::size_t i = burst; i < taken.size(); ++i)
            ASSERT_GE(taken[i] - taken[i - burst], window) << "seed " << seed;
        EXPECT_GT(taken.size(), 1000u) << "it must not be stricter than it says";
    }
}

TEST(TokenBucket, WaitsNoLongerThanItsWindowWhenTheClockIsSetBack) {
    TokenBucket bucket(2, 1min);
    EXPECT_TRUE(bucket.tryTake(start));
    EXPECT_TRUE(bucket.tryTake(start));
    auto earlier = start - 24h;
    EXPECT_FALSE(bucket.tryTake(earlier)) << "setting the clock back allows nothing extra";
    EXPECT_LE(bucket.readyAt(earlier), earlier + 1min);
    EXPECT_TRUE(bucket.tryTake(earlier + 1min));
}

TEST(TokenBucket, OfNothingAllowsNothing) {
    TokenBucket bucket(0, 1s);
    EXPECT_FALSE(bucket.tryTake(start));
    EXPECT_EQ(bucket.readyAt(start), TimePoint::max());
}

}  // namespace klaw::net
