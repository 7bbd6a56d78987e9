// How pressers hear that they were refused where their platform shows them no word.
#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::SizeIs;

class ChatRefusalsTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        gate.setPolicy(access::Policy({{"Li", {"dingtalk:li"}, {}, "operator", {}, {}}}));
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("desk", dingtalk.stop());
        EXPECT_TRUE(loop.runUntil([&] { return end.empty(); }));
        CommandDeskTest::TearDown();
    }
    void press(std::string nonce, std::string who = "li") {
        std::optional<notifiers::PressAnswer> answer;
        tasks.spawn("press", pressing(std::move(nonce), std::move(who), answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }));
    }
    /// Where the last message went.
    std::string to() const {
        auto reply = notifiers::cardFromJson(deliveries.back().payload)->reply;
        return reply->person + reply->chat;
    }

    ChatDesk dingtalk{loop, clock, random, desk, commit, ChatApp{"dingtalk", "app", "en"}};

private:
    Task<void> pressing(std::string nonce, std::string who, std::optional<notifiers::PressAnswer>& answer) {
        notifiers::InboundPress press;
        press.by.id = std::move(who);
        press.chat = "cidOps==";
        press.nonce = std::move(nonce);
        answer = co_await dingtalk.press(std::move(press));
    }
};

TEST_F(ChatRefusalsTest, TheSameOneIsAMessageOnceAMinute) {
    for (int i = 0; i < 5; ++i) press(offered("scale", "scale deploy/nothing 3 -n shop"));
    ASSERT_THAT(deliveries, SizeIs(1));
    EXPECT_EQ(to(), "li");
    clock.advance(1min);
    press(offered("scale", "scale deploy/nothing 3 -n shop"));
    EXPECT_THAT(deliveries, SizeIs(2));
    press(offered("scale", "scale deploy/another 3 -n shop"));
    EXPECT_THAT(deliveries, SizeIs(3)) << "it is another refusal";
}

TEST_F(ChatRefusalsTest, ThatOfSomebodyWhomThePlatformDoesNotNameIsAMessageInTheGroup) {
    press(offered("ack", "ack 3f9a"), "");
    ASSERT_THAT(deliveries, SizeIs(1));
    EXPECT_EQ(to(), "cidOps==");
    EXPECT_THAT(control.acknowledged, SizeIs(0));
}

}  // namespace
}  // namespace klaw::app
