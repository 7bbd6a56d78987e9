#include "base/async/loop_clock.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async/before_deadline.hpp"
#include "base/async/task_group.hpp"

namespace klaw {

namespace {

using testing::ElementsAre;

const TimePoint start = fromUnixMillis(1'000'000);

class FakeClock : public testing::Test {
protected:
    FakeClock()
        : clock(loop, start),
          tasks(loop, [this](std::string name, std::string what) { failures.push_back(name + ": " + what); }) {}

    void stopTasks() {
        TaskGroup stopper(loop, [](std::string, std::string) {});
        stopper.spawn("stop", tasks.stop());
        EXPECT_TRUE(loop.runUntil([&] { return stopper.empty() && tasks.empty(); }));
    }

    std::int64_t elapsedMillis() const { return toUnixMillis(clock.now()) - toUnixMillis(start); }

    Loop loop;
    FakeLoopClock clock;
    TaskGroup tasks;
    std::vector<std::string> failures;
    std::vector<std::string> events;
};

Task<void> sleepAndTell(FakeLoopClock& clock, Duration wait, std::string name, std::vector<std::string>& events) {
    co_await clock.sleepFor(wait);
    auto elapsed = clock.now() - start;
    events.push_back(name + " " + formatDuration(elapsed));
}

Task<void> tick(FakeLoopClock& clock, Duration every, int times, std::string name, std::vector<std::string>& events) {
    for (int i = 0; i < times; ++i) co_await sleepAndTell(clock, every, name, events);
}

Task<std::string> workFor(FakeLoopClock& clock, Duration time) {
    co_await clock.sleepFor(time);
    co_return "done";
}

Task<std::string> failAfter(FakeLoopClock& clock, Duration time) {
    co_await clock.sleepFor(time);
    throw std::runtime_error("broken");
}

Task<void> race(FakeLoopClock& clock, Duration limit, Task<std::string> work, std::vector<std::string>& events) {
    auto due = clock.now() + limit;
    std::string outcome;
    try {
        auto value = co_await beforeDeadline(clock, due, std::move(work));
        outcome = value.value_or("timeout");
    } catch (const boost::system::system_error&) {
        outcome = "cancelled";
    } catch (const std::exception& exception) {
        outcome = exception.what();
    }
    events.push_back(outcome + " " + formatDuration(clock.now() - start));
}

}  // namespace

TEST_F(FakeClock, StandsStillUntilToldToAdvance) {
    tasks.spawn("sleeper", sleepAndTell(clock, 1s, "a", events));
    loop.poll();
    EXPECT_EQ(clock.sleepers(), 1u);
    clock.advance(999ms);
    EXPECT_TRUE(events.empty());
    clock.advance(1ms);
    EXPECT_THAT(events, ElementsAre("a 1s"));
    EXPECT_EQ(clock.sleepers(), 0u);
}

TEST_F(FakeClock, WakesSleepersInOrderOfDueTimeAndShowsEachItsOwnTime) {
    tasks.spawn("late", sleepAndTell(clock, 3s, "late", events));
    tasks.spawn("early", sleepAndTell(clock, 1s, "early", events));
    tasks.spawn("middle", sleepAndTell(clock, 2s, "middle", events));
    clock.advance(10s);
    EXPECT_THAT(events, ElementsAre("early 1s", "middle 2s", "late 3s"));
    EXPECT_EQ(elapsedMillis(), 10'000);
}

TEST_F(FakeClock, WakesThoseWhoFallAsleepAgainWithinTheSameAdvance) {
    tasks.spawn("a", tick(clock, 2s, 3, "a", events));
    tasks.spawn("b", tick(clock, 3s, 1, "b", events));
    clock.advance(6s);
    EXPECT_THAT(events, ElementsAre("a 2s", "b 3s", "a 4s", "a 6s"));
}

TEST_F(FakeClock, SleepingForNoTimeLetsOthersRunAndNeedsNoAdvance) {
    tasks.spawn("a", tick(clock, 0s, 2, "a", events));
    loop.poll();
    EXPECT_THAT(events, ElementsAre("a 0s", "a 0s"));
}

TEST_F(FakeClock, EndsASleepEarlyWithoutErrorWhenTheTaskIsCancelled) {
    tasks.spawn("a", sleepAndTell(clock, 1h, "a", events));
    loop.poll();
    stopTasks();
    EXPECT_THAT(events, ElementsAre("a 0s"));
    EXPECT_EQ(clock.sleepers(), 0u);
    EXPECT_TRUE(failures.empty());
}

TEST_F(FakeClock, WorkThatEndsBeforeItsDeadlineGivesItsResult) {
    tasks.spawn("race", race(clock, 10s, workFor(clock, 3s), events));
    clock.advance(1min);
    EXPECT_THAT(events, ElementsAre("done 3s"));
    EXPECT_EQ(clock.sleepers(), 0u) << "no waiter is left behind";
}

TEST_F(FakeClock, WorkThatPassesItsDeadlineIsEndedAndGivesNothing) {
    tasks.spawn("race", race(clock, 10s, workFor(clock, 1h), events));
    clock.advance(1min);
    EXPECT_THAT(events, ElementsAre("timeout 10s"));
    EXPECT_EQ(clock.sleepers(), 0u);
}

TEST_F(FakeClock, WorkThatFailsBeforeItsDeadlineThrowsItsOwnErrorAtOnce) {
    tasks.spawn("race", race(clock, 10s, failAfter(clock, 1s), events));
    clock.advance(1min);
    EXPECT_THAT(events, ElementsAre("broken 1s"));
}

TEST_F(FakeClock, CancellingTheTaskThatWaitsForADeadlineIsNoTimeout) {
    tasks.spawn("race", race(clock, 10s, workFor(clock, 1h), events));
    loop.poll();
    stopTasks();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_NE(events.front(), "timeout 0s");
}

TEST(SystemClock, SleepsAtLeastAsLongAsTold) {
    Loop loop;
    SystemLoopClock clock(loop);
    TaskGroup tasks(loop, [](std::string, std::string what) { ADD_FAILURE() << what; });
    auto before = std::chrono::steady_clock::now();
    tasks.spawn("sleep", clock.sleepFor(5ms));
    loop.run();
    EXPECT_GE(std::chrono::steady_clock::now() - before, 5ms);
    EXPECT_TRUE(tasks.empty());
}

}  // namespace klaw
