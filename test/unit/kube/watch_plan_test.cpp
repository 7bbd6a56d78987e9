#include "agent/kube/watch_plan.hpp"

#include <gtest/gtest.h>

namespace klaw::kube {
namespace {

class WatchPlanTest : public testing::Test {
protected:
    void end(WatchEnd::Kind kind, Error error = {}, Duration lived = 2min) {
        plan.ended({kind, std::move(error), lived});
    }
    void becomeWatch(std::string version) {
        plan.versionSeen(std::move(version));
        plan.listComplete();
    }
    SeededRandom random{1};
    WatchPlan plan{random, {}};
};

TEST_F(WatchPlanTest, BeginsWithAStreamingList) {
    EXPECT_EQ(plan.step().phase, WatchPhase::StreamingList);
}

TEST_F(WatchPlanTest, GoesOnFromTheLastVersionWhenAWatchEndsInOrder) {
    becomeWatch("10");
    plan.versionSeen("17");
    end(WatchEnd::Kind::Closed);
    EXPECT_EQ(plan.step().phase, WatchPhase::Watch);
    EXPECT_EQ(plan.step().wait, Duration::zero());
    EXPECT_EQ(plan.version(), "17");
}

TEST_F(WatchPlanTest, ListsAgainWhenTheListWasCutBeforeItsEnd) {
    end(WatchEnd::Kind::Failed, Error(ErrorCode::Unavailable, "cut").withRetry(Retry::later()));
    EXPECT_EQ(plan.step().phase, WatchPhase::StreamingList);
    EXPECT_GT(plan.step().wait, Duration::zero());
}

TEST_F(WatchPlanTest, ListsAgainAtOnceWhenTheVersionIsTooOld) {
    becomeWatch("10");
    end(WatchEnd::Kind::Expired);
    EXPECT_EQ(plan.step().phase, WatchPhase::StreamingList);
    EXPECT_EQ(plan.step().wait, Duration::zero());
    end(WatchEnd::Kind::Expired, {}, 1ms);
    EXPECT_GT(plan.step().wait, Duration::zero()) << "a list that expires at once is no busy loop";
}

TEST_F(WatchPlanTest, ListsInPagesWhereStreamingListsAreUnknownAndRemembersIt) {
    end(WatchEnd::Kind::Declined);
    EXPECT_EQ(plan.step().phase, WatchPhase::PagedList);
    plan.versionSeen("5");
    end(WatchEnd::Kind::Listed);
    EXPECT_EQ(plan.step().phase, WatchPhase::Watch);
    end(WatchEnd::Kind::Expired);
    EXPECT_EQ(plan.step().phase, WatchPhase::PagedList);
}

TEST_F(WatchPlanTest, ConnectsAgainAtOnceAfterAStall) {
    becomeWatch("10");
    end(WatchEnd::Kind::Stalled);
    EXPECT_EQ(plan.step().phase, WatchPhase::Watch);
    EXPECT_EQ(plan.step().wait, Duration::zero());
}

TEST_F(WatchPlanTest, WaitsLongerWithEachFailureAndForgetsAfterAHealthyMinute) {
    becomeWatch("10");
    auto failure = Error(ErrorCode::Unavailable, "refused").withRetry(Retry::later());
    end(WatchEnd::Kind::Failed, failure, 1ms);
    auto first = plan.step().wait;
    for (int i = 0; i < 8; ++i) end(WatchEnd::Kind::Failed, failure, 1ms);
    EXPECT_GE(plan.step().wait, 15s);
    EXPECT_LE(plan.step().wait, 30s);
    end(WatchEnd::Kind::Failed, failure, 2min);
    EXPECT_LE(plan.step().wait, 800ms);
    EXPECT_LE(first, 800ms);
}

TEST_F(WatchPlanTest, HonoursRetryAfter) {
    end(WatchEnd::Kind::Failed, Error(ErrorCode::ResourceExhausted, "429").withRetry(Retry::afterAtLeast(7s)));
    EXPECT_GE(plan.step().wait, 7s);
}

TEST_F(WatchPlanTest, AsksRarelyForWhatIsForbidden) {
    end(WatchEnd::Kind::Failed, Error(ErrorCode::PermissionDenied, "forbidden"));
    EXPECT_GE(plan.step().wait, 60s);
}

}  // namespace
}  // namespace klaw::kube
