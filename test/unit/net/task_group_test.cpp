#include "base/async/task_group.hpp"

#include <gmock/gmock.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"

namespace klaw {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct CountsDown {
    explicit CountsDown(int& c) : count(c) {}
    ~CountsDown() { --count; }
    CountsDown(const CountsDown&) = delete;
    CountsDown& operator=(const CountsDown&) = delete;
    int& count;
};

Task<void> sleepForever(FakeLoopClock& clock, int& alive) {
    ++alive;
    CountsDown guard(alive);
    for (;;) co_await clock.sleepFor(1h);
}

Task<void> endAtOnce() {
    co_return;
}

Task<void> failWith(std::string what) {
    throw std::runtime_error(what);
    co_return;
}

Task<void> failAfterCancellation(FakeLoopClock& clock) {
    co_await clock.sleepFor(1h);
    throw std::runtime_error("could not flush");
}

Task<void> abortByItself() {
    throw boost::system::system_error(boost::asio::error::operation_aborted);
    co_return;
}

Task<void> throwANumber() {
    throw 42;
    co_return;
}

class Group : public testing::Test {
protected:
    Group() : clock(loop, fromUnixMillis(0)), group(loop, recorder(failures)), others(loop, recorder(failures)) {}

    static std::function<void(std::string, std::string)> recorder(std::vector<std::string>& failures) {
        return [&failures](std::string name, std::string what) { failures.push_back(name + ": " + what); };
    }
    void stopGroup() {
        others.spawn("stop", group.stop());
        EXPECT_TRUE(loop.runUntil([&] { return others.empty(); }));
    }

    Loop loop;
    FakeLoopClock clock;
    std::vector<std::string> failures;
    TaskGroup group;
    TaskGroup others;
    int alive = 0;
};

}  // namespace

TEST_F(Group, NamesItsRunningTasksAndForgetsThoseThatEnded) {
    group.spawn("sleeper", sleepForever(clock, alive));
    group.spawn("short", endAtOnce());
    loop.poll();
    EXPECT_THAT(group.running(), ElementsAre("sleeper"));
    stopGroup();
    EXPECT_TRUE(group.empty());
}

TEST_F(Group, StopEndsEveryTaskAndDestroysItsLocals) {
    for (int i = 0; i < 1000; ++i) group.spawn("sleeper", sleepForever(clock, alive));
    loop.poll();
    EXPECT_EQ(alive, 1000);
    stopGroup();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(group.empty());
    EXPECT_THAT(failures, IsEmpty()) << "ending by cancellation is no failure";
}

TEST_F(Group, ReportsAFailureByTheNameOfItsTask) {
    group.spawn("courier", failWith("disk full"));
    group.spawn("odd", throwANumber());
    loop.poll();
    EXPECT_THAT(failures, ElementsAre("courier: disk full", "odd: an exception of an unknown type"));
}

TEST_F(Group, ReportsRealFailuresWhileStoppingToo) {
    group.spawn("writer", failAfterCancellation(clock));
    loop.poll();
    stopGroup();
    EXPECT_THAT(failures, ElementsAre("writer: could not flush"));
}

TEST_F(Group, ReportsAnAbortThatNobodyAskedFor) {
    group.spawn("watch", abortByItself());
    loop.poll();
    EXPECT_EQ(failures.size(), 1u);
}

TEST_F(Group, RefusesTasksAfterStopAndDestroysThemUnrun) {
    stopGroup();
    group.spawn("late", sleepForever(clock, alive));
    loop.poll();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(group.empty());
}

TEST_F(Group, StoppingTwiceAtOnceEndsBothStops) {
    group.spawn("sleeper", sleepForever(clock, alive));
    loop.poll();
    others.spawn("first stop", group.stop());
    others.spawn("second stop", group.stop());
    EXPECT_TRUE(loop.runUntil([&] { return others.empty(); }));
    EXPECT_EQ(alive, 0);
}

TEST_F(Group, CancelsWhatIsLeftWhenItIsDestroyed) {
    {
        TaskGroup forgotten(loop, recorder(failures));
        forgotten.spawn("sleeper", sleepForever(clock, alive));
        loop.poll();
        EXPECT_EQ(alive, 1);
    }
    loop.poll();
    EXPECT_EQ(alive, 0);
}

namespace {

Task<void> awaitThenTell(LoopCondition& condition, const int& value, int wanted, std::vector<std::string>& events) {
    std::function<bool()> reached = [&value, wanted] { return value >= wanted; };
    co_await condition.until(std::move(reached));
    events.push_back("reached " + std::to_string(wanted));
}

}  // namespace

class Condition : public Group {
protected:
    int value = 0;
    std::vector<std::string> events;
};

TEST_F(Condition, DoesNotWaitWhenItHoldsAlready) {
    LoopCondition condition(loop);
    group.spawn("waiter", awaitThenTell(condition, value, 0, events));
    loop.poll();
    EXPECT_THAT(events, ElementsAre("reached 0"));
}

TEST_F(Condition, WakesOnlyThoseWhosePredicateHolds) {
    LoopCondition condition(loop);
    group.spawn("one", awaitThenTell(condition, value, 1, events));
    group.spawn("two", awaitThenTell(condition, value, 2, events));
    loop.poll();
    value = 1;
    condition.notify();
    loop.poll();
    EXPECT_THAT(events, ElementsAre("reached 1"));
    value = 2;
    condition.notify();
    loop.poll();
    EXPECT_THAT(events, ElementsAre("reached 1", "reached 2"));
}

TEST_F(Condition, LosesNoNotificationThatComesBeforeTheWait) {
    LoopCondition condition(loop);
    value = 1;
    condition.notify();
    group.spawn("waiter", awaitThenTell(condition, value, 1, events));
    loop.poll();
    EXPECT_THAT(events, ElementsAre("reached 1"));
}

TEST_F(Condition, AbortsTheWaitOfACancelledTask) {
    LoopCondition condition(loop);
    group.spawn("waiter", awaitThenTell(condition, value, 1, events));
    loop.poll();
    stopGroup();
    EXPECT_THAT(events, IsEmpty());
    EXPECT_THAT(failures, IsEmpty());
}

TEST_F(Condition, AbortsItsWaitersWhenItIsDestroyed) {
    auto condition = std::make_unique<LoopCondition>(loop);
    group.spawn("waiter", awaitThenTell(*condition, value, 1, events));
    loop.poll();
    condition.reset();
    loop.poll();
    EXPECT_TRUE(group.empty());
    EXPECT_EQ(failures.size(), 1u) << "its owner let it go while somebody waited, which is worth a report";
}

}  // namespace klaw
