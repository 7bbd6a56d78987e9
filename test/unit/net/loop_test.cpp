#include "base/async/loop.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace klaw {

TEST(Loop, RunsPostedWorkInOrderAndReturnsWhenNoneIsLeft) {
    Loop loop;
    std::vector<int> order;
    loop.post([&] { order.push_back(1); });
    loop.post([&] {
        order.push_back(2);
        loop.post([&] { order.push_back(3); });
    });
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Loop, RunsAgainAfterItRanOutOfWork) {
    Loop loop;
    int runs = 0;
    for (int i = 0; i < 3; ++i) {
        loop.post([&] { ++runs; });
        loop.run();
    }
    EXPECT_EQ(runs, 3);
}

TEST(Loop, TakesWorkFromOtherThreadsInTheOrderOfEachThread) {
    Loop loop;
    constexpr int each = 1000;
    std::vector<int> seen;
    std::thread other([&] {
        for (int i = 0; i < each; ++i) loop.post([&seen, i] { seen.push_back(i); });
    });
    EXPECT_TRUE(other.joinable());
    other.join();
    loop.run();
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(each));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Loop, IsCurrentOnlyInsideItself) {
    Loop loop;
    bool inside = false;
    loop.post([&] { inside = loop.isCurrent(); });
    EXPECT_FALSE(loop.isCurrent());
    loop.poll();
    EXPECT_TRUE(inside);
}

TEST(Loop, RunUntilStopsAtTheEventThatFulfilsIt) {
    Loop loop;
    int done = 0;
    for (int i = 0; i < 3; ++i) loop.post([&] { ++done; });
    EXPECT_TRUE(loop.runUntil([&] { return done == 2; }));
    EXPECT_EQ(done, 2);
    EXPECT_FALSE(loop.runUntil([&] { return done == 4; })) << "no work is left that could fulfil it";
}

}  // namespace klaw
