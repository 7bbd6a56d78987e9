#include "agent/lead/tenure.hpp"

#include <gmock/gmock.h>

#include <latch>

namespace klaw::lead {
namespace {

class TenureTest : public ::testing::Test {
protected:
    std::atomic<Duration::rep> now{Duration(1h).count()};
    std::atomic<int> told{0};
    std::latch over{1};
    Duration elapsed() const { return Duration(now); }
    void pass(Duration time) { now += time.count(); }
    Tenure tenure{[this] { return elapsed(); },
                  [this](const std::string&) {
                      ++told;
                      over.count_down();
                  }};
};

TEST_F(TenureTest, HasNotBegunUntilItIsExtended) {
    EXPECT_FALSE(tenure.holds());
    EXPECT_FALSE(tenure.check());
    EXPECT_EQ(told, 0);
    tenure.extendTo(elapsed() + 6s);
    EXPECT_TRUE(tenure.holds());
    EXPECT_TRUE(tenure.check());
}

TEST_F(TenureTest, IsToldOverByItsOwnThreadThoughNobodyAsks) {
    tenure.extendTo(elapsed() + 6s);
    pass(6s);
    over.wait();
    EXPECT_FALSE(tenure.holds());
}

TEST_F(TenureTest, RefusesWhoeverAsksFirstAfterAPauseOfTheWholeProcess) {
    tenure.extendTo(elapsed() + 6s);
    pass(1min);
    EXPECT_FALSE(tenure.holds());
    auto checked = tenure.check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::Cancelled);
    over.wait();
    EXPECT_EQ(told, 1);
}

TEST_F(TenureTest, DoesNotBeginAgainByALateAnswer) {
    tenure.extendTo(elapsed() + 6s);
    pass(1min);
    tenure.extendTo(elapsed() + 6s);
    EXPECT_FALSE(tenure.holds());
    over.wait();
    EXPECT_EQ(told, 1);
}

TEST_F(TenureTest, GetsLongerAndNeverShorter) {
    tenure.extendTo(elapsed() + 6s);
    tenure.extendTo(elapsed() + 2s);
    pass(5s);
    EXPECT_TRUE(tenure.holds());
    tenure.extendTo(elapsed() + 6s);
    pass(5s);
    EXPECT_TRUE(tenure.holds());
    EXPECT_EQ(told, 0);
}

TEST_F(TenureTest, GivenUpInGoodOrderHoldsNoMoreAndNobodyIsTold) {
    tenure.extendTo(elapsed() + 6s);
    tenure.giveUp();
    EXPECT_FALSE(tenure.holds());
    EXPECT_FALSE(tenure.check());
    pass(1min);
    EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace klaw::lead
