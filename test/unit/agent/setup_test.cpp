#include "agent/cli/setup.hpp"

#include <gtest/gtest.h>

namespace klaw::cli {
namespace {

TEST(SetUp, TakesNobodyForTheAdministratorWhoDidNotPressItsOwnCard) {
    SetupRun world;
    SetupInbound inbound(world.random.token(18));
    auto pressed = [&](const std::string& nonce, const std::string& who) {
        notifiers::InboundPress press;
        press.nonce = nonce;
        press.by.id = who;
        std::optional<notifiers::PressAnswer> answer;
        world.tasks.spawn("press",
                          [](SetupInbound& to, notifiers::InboundPress what,
                             std::optional<notifiers::PressAnswer>& said) -> Task<void> {
                              said = co_await to.press(std::move(what));
                          }(inbound, std::move(press), answer));
        EXPECT_TRUE(world.until([&] { return answer.has_value(); }, 5s));
        return answer->kind;
    };
    EXPECT_EQ(pressed("setup", "somebody"), notifiers::PressAnswer::Kind::Warning);
    EXPECT_TRUE(inbound.presses.empty());
    auto card = setupCard("en", world.clock.now(), inbound.nonce);
    EXPECT_EQ(pressed(card.buttons.at(0).nonce, "me"), notifiers::PressAnswer::Kind::Success);
    ASSERT_EQ(inbound.presses.size(), 1u);
    EXPECT_EQ(inbound.presses[0].by.id, "me");
}

}  // namespace
}  // namespace klaw::cli
