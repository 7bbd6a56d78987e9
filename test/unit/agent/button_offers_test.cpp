#include "agent/deliver/button_offers.hpp"

#include <gtest/gtest.h>

namespace klaw::deliver {
namespace {

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

/// How long a button for `verb` works.
Duration lifeOf(const std::string& verb) {
    notifiers::Card card;
    card.id = "card-1";
    notifiers::CardButton button;
    button.verb = verb;
    button.command = verb + " 3f9a";
    card.buttons.push_back(button);
    storage::Delivery delivery;
    delivery.incidentId = "card-1";
    delivery.channel = "oncall";
    delivery.payload = notifiers::toJson(card);
    SeededRandom random(7);
    auto made = offersFor(delivery, start, random);
    EXPECT_EQ(made.offers.size(), 1u);
    EXPECT_EQ(made.offers.front().target, R"({"channel":"oncall","incident":"card-1"})");
    return made.offers.front().expiresAt - start;
}

TEST(ButtonOffers, ThatChangeAClusterEndAfterHalfAnHour) {
    EXPECT_EQ(lifeOf("confirm"), 30min);
    EXPECT_EQ(lifeOf("undo"), 30min);
}

TEST(ButtonOffers, OfAnAlertWorkAsLongAsPlatformsLetPeoplePressThem) {
    EXPECT_EQ(lifeOf("ack"), 14 * 24h);
    EXPECT_EQ(lifeOf("silence"), 14 * 24h);
}

}  // namespace
}  // namespace klaw::deliver
