#include "agent/deliver/delivery_planner.hpp"
#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

/// Quiet hours last until noon, two hours from the start, with the real tables behind the courier.
class CourierQuietTest : public CourierTest {
protected:
    void SetUp() override { store(); }

    storage::Delivery now(const std::string& incident, const std::string& reason) {
        ++revision;
        auto made = delivery(incident, revision, incident + " " + reason, reason);
        made.createdAt = made.notBefore = clock.now();
        return made;
    }
    storage::Delivery asleep(const std::string& incident, const std::string& reason) {
        auto made = now(incident, reason);
        made.quiet = true;
        made.notBefore = start + 2h;
        return made;
    }
    static storage::Delivery calling(storage::Delivery delivery) {
        auto card = *notifiers::cardFromJson(delivery.payload);
        card.mentions = {{"ou_ann", "ann"}};
        delivery.payload = toJson(card);
        return delivery;
    }
    void morning() { clock.advance(start + 2h - clock.now()); }
    using Said = std::vector<std::string>;
    std::uint64_t revision = 0;
};

TEST_F(CourierQuietTest, SaysInTheMorningOnceHowThingsAreThenAndWhoIsCalled) {
    use(updatable());
    put({calling(asleep("a", "opened"))});
    clock.advance(1h);
    put({asleep("a", "grew")});
    clock.advance(59min);
    EXPECT_EQ(said(), Said{});
    morning();
    EXPECT_EQ(said(), Said{"a grew create"});
    EXPECT_EQ(chat->calls[0].mentions, Said{"ou_ann"});
    EXPECT_EQ(latencies.at(0).sinceDecided, Duration::zero()) << "nobody was slow";
}

TEST_F(CourierQuietTest, SaysNothingOfWhatEndedBeforeTheMorning) {
    use(updatable());
    put({asleep("a", "opened"), asleep("b", "silence_ended"), asleep("c", "inhibition_ended")});
    clock.advance(1h);
    put({asleep("a", "resolved"), asleep("b", "resolved"), asleep("c", "resolved")});
    put({asleep("d", "opened"), asleep("d", "grew"), asleep("d", "resolved")});
    morning();
    clock.advance(1h);
    EXPECT_EQ(said(), Said{});
    EXPECT_EQ(states(), (std::map<std::string, std::string>{
                            {"a.1", "superseded"}, {"b.2", "superseded"}, {"c.3", "superseded"}}));
    EXPECT_TRUE(courier->idle());
}

TEST_F(CourierQuietTest, RingsNobodyInTheMorningAboutWhatSomebodyTookOrWhatEnded) {
    for (const char* end : {"acknowledged", "resolved"}) {
        SCOPED_TRACE(end);
        auto card = calling(asleep(std::string("of ") + end, "opened"));
        auto ring = card;
        ring.id += ".ring";
        ring.idempotencyKey += ".ring";
        ring.reason = ringReason;
        ring.livingCard = false;
        use(updatable());
        put({card, ring});
        clock.advance(10min);
        put({asleep(card.incidentId, end)});
        EXPECT_EQ(states().at(ring.id), "superseded");
    }
}

TEST_F(CourierQuietTest, SaysInTheMorningWhatBeganAgainBeforeIt) {
    use(updatable());
    put({asleep("a", "opened")});
    put({asleep("a", "resolved")});
    put({asleep("a", "opened")});
    morning();
    EXPECT_EQ(said(), Said{"a opened create"});
}

TEST_F(CourierQuietTest, ChangesAtOnceWhatPeopleSeeAlready) {
    use(updatable());
    put({now("a", "opened")});
    clock.advance(1min);
    put({asleep("a", "grew")});
    clock.advance(1h);
    put({asleep("a", "resolved")});
    EXPECT_EQ(said(), (Said{"a opened create", "a grew update", "a resolved update"}));
}

TEST_F(CourierQuietTest, ChangesAtOnceWhatArrivesWhileItWaits) {
    use(updatable());
    chat->held = true;
    put({now("a", "opened")});
    put({asleep("a", "acknowledged")});
    chat->release();
    loop.poll();
    EXPECT_EQ(said(), (Said{"a opened create", "a acknowledged update"}));
}

TEST_F(CourierQuietTest, WakesPeopleForWhatTheyAreToBeWokenFor) {
    use(updatable());
    put({calling(asleep("a", "opened"))});
    clock.advance(1h);
    put({critical(now("a", "grew"))});
    EXPECT_EQ(said(), Said{"a grew create"});
    EXPECT_EQ(chat->calls[0].mentions, Said{"ou_ann"});
}

TEST_F(CourierQuietTest, WhereCardsCannotBeChangedSaysInTheMorningWhatIsNewOnly) {
    use();
    put({now("old", "opened"), asleep("new", "opened")});
    auto refining = [&](const char* incident) {
        auto made = asleep(incident, "grew");
        made.onlyRefines = true;
        return made;
    };
    put({refining("old"), refining("new")});
    morning();
    EXPECT_EQ(said(), (Said{"old opened create", "new grew create"}));
}

TEST_F(CourierQuietTest, GoesOnAfterTheProcessWasKilled) {
    storage::UnitOfWork open;
    open.incidents.emplace_back().id = "seen";
    ASSERT_TRUE(stored(open));
    use(updatable());
    put({now("seen", "opened"), asleep("stays", "opened"), asleep("ends", "opened")});
    restart();
    put({asleep("seen", "grew"), asleep("ends", "resolved")});
    EXPECT_EQ(said(), Said{"seen grew update"});
    morning();
    EXPECT_EQ(said(), (Said{"seen grew update", "stays opened create"}));
}

TEST_F(CourierQuietTest, TellsNobodyWhoStandsInBeforeTheMorning) {
    use(updatable());
    chat->outage = [] { return std::optional(unavailable()); };
    put({asleep("a", "opened"), now("b", "opened")});
    clock.advance(1h);
    EXPECT_EQ(undelivered, Said{"chat/b"});
    clock.advance(59min);
    EXPECT_EQ(undelivered, Said{"chat/b"});
    morning();
    clock.advance(30min);
    EXPECT_EQ(undelivered, (Said{"chat/b", "chat/a"}));
}

}  // namespace
}  // namespace klaw::deliver::testing
