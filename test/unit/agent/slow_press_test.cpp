// Presses while the cluster is slow: their answers do not wait for it.
#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::Each;
using testing::Le;
using testing::SizeIs;

class SlowPressTest : public CommandDeskTest {
protected:
    static constexpr std::size_t many = 200;

    void pressAll(const std::string& nonce, std::vector<Duration>& waits, std::vector<std::string>& toasts) {
        for (std::size_t i = 0; i < many; ++i)
            tasks.spawn("press", pressing("press-" + std::to_string(i), nonce, waits, toasts));
        for (int i = 0; waits.size() < many && i < 1000; ++i)
            if (!loop.runUntil([&] { return waits.size() == many; }, 5ms)) clock.advance(50ms);
    }

private:
    Task<void> pressing(std::string event, std::string nonce, std::vector<Duration>& waits,
                        std::vector<std::string>& toasts) {
        notifiers::InboundPress press;
        press.eventId = std::move(event);
        press.by.id = "ou_li";
        press.chat = "oc_ops";
        press.nonce = std::move(nonce);
        auto begun = clock.now();
        auto answer = co_await chat.press(std::move(press));
        waits.push_back(clock.now() - begun);
        toasts.push_back(answer.toast);
    }
};

TEST_F(SlowPressTest, TwoHundredAreAnsweredWithinASecondWhileTheApiServerTakesTwo) {
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        auto object = control.objects[change.request.path].dump();
        co_await clock.sleepFor(2s);
        co_return object;
    };
    std::vector<Duration> waits;
    std::vector<std::string> toasts;
    pressAll(offered("restart", "restart deploy/web -n shop"), waits, toasts);
    ASSERT_THAT(waits, SizeIs(many));
    EXPECT_THAT(waits, Each(Le(Duration(1s))));
    EXPECT_THAT(toasts, Each(std::string("Working on it: the card will tell")));
    for (int i = 0; deliveries.size() < many && i < 1000; ++i)
        if (!loop.runUntil([&] { return deliveries.size() >= many; }, 5ms)) clock.advance(100ms);
    EXPECT_THAT(deliveries, SizeIs(many)) << "each gets its preview in the end";
}

}  // namespace
}  // namespace klaw::app
