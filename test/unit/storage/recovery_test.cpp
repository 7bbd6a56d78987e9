#include "storage/recovery.hpp"

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::cardFor;
using testing::commit;
using testing::firingAlert;
using testing::must;
using testing::openIncident;

class Recovery : public testing::WithDatabase {
protected:
    void write(UnitOfWork unit) { must(commit(*writer, std::move(unit))); }
    RecoveredState restart(RecoveryHorizon horizon = {at(0), at(0), at(0)}) {
        writer.reset();
        auto database = open();
        auto state = must(loadState(database, horizon));
        writer.emplace(std::move(database));
        return state;
    }

    std::optional<Writer> writer{open()};
};

rules::EventCounter counter(const std::string& uid, std::uint64_t seen, std::uint64_t increase, TimePoint when) {
    rules::EventCounter made;
    made.cluster = "prod";
    made.rule = "FailedScheduling";
    made.window = "web/api";
    made.eventUid = uid;
    made.seen = seen;
    made.increase = increase;
    made.at = when;
    return made;
}

TEST_F(Recovery, OfANewDatabaseIsEmpty) {
    auto state = restart();
    EXPECT_TRUE(state.alerts.empty() && state.incidents.empty() && state.silences.empty() && state.counters.empty() &&
                state.deliveries.empty() && state.cards.empty() && state.meta.empty() && state.unreadable.empty());
}

TEST_F(Recovery, FindsAlertsPendingFiringAndResolvedLately) {
    auto pending = firingAlert("a"), firing = firingAlert("b"), lately = firingAlert("c"), old = firingAlert("d");
    pending.firedAt.reset();
    lately.resolvedAt = at(500);
    old.resolvedAt = at(100);
    UnitOfWork unit;
    unit.alerts = {pending, firing, lately, old};
    write(unit);
    auto state = restart({.resolvedSince = at(100)});
    EXPECT_EQ(state.alerts, (std::vector<rules::Alert>{pending, firing, lately}));
}

TEST_F(Recovery, FindsTheNewestOfAnAlertAndNoneThatWasWithdrawn) {
    UnitOfWork unit;
    unit.alerts = {firingAlert("a"), firingAlert("b")};
    write(unit);
    auto changed = firingAlert("a");
    changed.count = 7;
    unit.alerts = {changed};
    unit.removedAlerts = {"b"};
    write(unit);
    EXPECT_EQ(restart().alerts, std::vector<rules::Alert>{changed});
}

TEST_F(Recovery, FindsOpenIncidentsWithWhoAcknowledgedThem) {
    auto acknowledged = openIncident("i1", 4), resolved = openIncident("i2");
    acknowledged.acknowledged = rules::Mark{"feishu:ou_1", at(80), "on it"};
    resolved.resolvedAt = at(90);
    UnitOfWork unit;
    unit.incidents = {acknowledged, resolved};
    write(unit);
    auto state = restart();
    ASSERT_EQ(state.incidents.size(), 1u);
    EXPECT_EQ(state.incidents[0].acknowledged, acknowledged.acknowledged);
    EXPECT_EQ(state.incidents[0].group, acknowledged.group);
    EXPECT_EQ(state.incidents[0].revision, 4u);
}

TEST_F(Recovery, NeverPutsAnOlderRevisionOverANewerOne) {
    auto newer = openIncident("i1", 5), older = openIncident("i1", 4);
    newer.firing = 50;
    UnitOfWork unit;
    unit.incidents = {newer, older};
    write(unit);
    EXPECT_EQ(restart().incidents.at(0).firing, 50u);
}

TEST_F(Recovery, FindsCopiesOfSilencesUntilTheirEndAsTheyWereNotedLast) {
    SilenceCopy ended{"s1", "west", "r1", at(100)}, unknown{"s2", "west", "", at(200)},
        other{"s2", "east", "", at(200)};
    UnitOfWork unit;
    unit.silenceCopies = {ended, unknown, other};
    EXPECT_FALSE(unit.empty());
    EXPECT_TRUE(unit.essential());
    EXPECT_FALSE(unit.patient()) << "a request waits for it";
    write(unit);
    auto known = unknown;
    known.remoteId = "r2";
    UnitOfWork later;
    later.silenceCopies = {known};
    write(later);
    EXPECT_EQ(restart({.now = at(100)}).silenceCopies, (std::vector<SilenceCopy>{other, known}));
}

TEST_F(Recovery, FindsSilencesThatHoldOrAreStillToCome) {
    auto silence = [](const std::string& id, int from, int to) {
        rules::Silence made;
        made.id = id;
        made.matchers = {{"rule", rules::Matcher::Kind::Equal, "PodCrashLooping"}};
        made.startsAt = at(from);
        made.endsAt = at(to);
        return made;
    };
    UnitOfWork unit;
    unit.silences = {silence("ended", 0, 100), silence("holds", 50, 150), silence("to come", 200, 300)};
    write(unit);
    EXPECT_EQ(restart({.now = at(100)}).silences,
              (std::vector<rules::Silence>{silence("holds", 50, 150), silence("to come", 200, 300)}));
}

TEST_F(Recovery, AddsUpWhatEventsWereCountedInTheWindow) {
    UnitOfWork unit;
    unit.counters = {counter("e1", 3, 3, at(10)), counter("e1", 5, 2, at(20)), counter("e2", 9, 9, at(1))};
    write(unit);
    unit.counters = {counter("e1", 4, 0, at(30))};  // an older count never takes back a newer one
    write(unit);
    auto state = restart({.increasesSince = at(10)});
    ASSERT_EQ(state.counters.size(), 3u);
    EXPECT_EQ(state.counters[0].eventUid, "e2");  // out of the window: what was seen, and no increase
    EXPECT_EQ(state.counters[0].seen, 9u);
    EXPECT_EQ(state.counters[0].increase, 0u);
    EXPECT_EQ(state.counters[1].increase, 3u);
    EXPECT_EQ(state.counters[2].increase, 2u);
    EXPECT_EQ(state.counters[2].seen, 5u);
    EXPECT_EQ(state.counters[2].at, at(20));
    EXPECT_EQ(state.counters[2].window, "web/api");
}

TEST_F(Recovery, FindsWhatIsStillToBeSentOldestFirst) {
    auto sent = cardFor("i1", 1), lost = cardFor("i2", 1), waiting = cardFor("i3", 1);
    UnitOfWork unit;
    unit.newDeliveries = {sent, lost, waiting};
    write(unit);
    write(testing::startOf(sent.id, at(70)));
    write(testing::resultOf(sent.id, AttemptOutcome::Delivered, at(71), "om_1"));
    write(testing::startOf(lost.id, at(72), "b1"));
    auto state = restart();
    ASSERT_EQ(state.deliveries.size(), 2u);
    EXPECT_EQ(state.deliveries[0].id, lost.id);
    EXPECT_EQ(state.deliveries[0].state, DeliveryState::Sending);
    EXPECT_EQ(state.deliveries[0].batchId, "b1");
    EXPECT_EQ(state.deliveries[1], waiting);
    EXPECT_TRUE(state.cards.empty());  // its incident is not open
}

TEST_F(Recovery, KnowsTheCardsThatAnsweredSomebodyLately) {
    auto reply = cardFor("reply-1", 1);
    reply.reason = "reply";
    UnitOfWork unit;
    unit.newDeliveries = {reply};
    write(unit);
    write(testing::startOf(reply.id, at(70)));
    write(testing::resultOf(reply.id, AttemptOutcome::Delivered, at(71), "om_1"));
    EXPECT_EQ(restart({.now = reply.createdAt + 50min}).cards, (std::vector<CardRef>{{"reply-1", "oncall", "om_1"}}));
    EXPECT_TRUE(restart({.now = reply.createdAt + 70min}).cards.empty());
}

TEST_F(Recovery, KnowsTheCardOfAnIncidentThatIsOverWhileItsLastWordIsStillToBeSaid) {
    auto opened = cardFor("i1", 1), resolved = cardFor("i1", 2);
    UnitOfWork unit;
    unit.incidents = {testing::openIncident("i1")};
    unit.newDeliveries = {opened};
    write(unit);
    write(testing::startOf(opened.id, at(70)));
    write(testing::resultOf(opened.id, AttemptOutcome::Delivered, at(71), "om_1"));
    UnitOfWork end;
    end.incidents = {testing::openIncident("i1")};
    end.incidents[0].resolvedAt = at(72);
    end.newDeliveries = {resolved};
    write(end);
    EXPECT_EQ(restart().cards, (std::vector<CardRef>{{"i1", "oncall", "om_1"}}));
    write(testing::startOf(resolved.id, at(73)));
    write(testing::resultOf(resolved.id, AttemptOutcome::Delivered, at(74), "om_1"));
    EXPECT_TRUE(restart().cards.empty());
}

TEST_F(Recovery, FindsIncidentsThatMayBeOpenedAgainWithTheirCards) {
    UnitOfWork unit;
    unit.incidents = {testing::openIncident("i1"), testing::openIncident("i2")};
    unit.incidents[0].resolvedAt = at(72);
    unit.incidents[1].resolvedAt = at(60);
    unit.newDeliveries = {cardFor("i1", 1), cardFor("i2", 1)};
    write(unit);
    for (const auto& card : unit.newDeliveries) {
        write(testing::startOf(card.id, at(70)));
        write(testing::resultOf(card.id, AttemptOutcome::Delivered, at(71), "om_" + card.incidentId));
    }
    auto state = restart({.reopensSince = at(60)});
    ASSERT_EQ(state.incidents.size(), 1u);
    EXPECT_EQ(state.incidents[0].id, "i1");
    EXPECT_EQ(state.cards, (std::vector<CardRef>{{"i1", "oncall", "om_i1"}}));
}

TEST_F(Recovery, FindsTheNewestReadingOfEachPlaceByTime) {
    rules::WindowReading old{"f1/6", 0, {at(10), 0.5, 0, 1}}, early{"f1/6", 1, {at(20), 0.4, 0, 2}},
        late{"f1/6", 0, {at(30), 0.3, 7.5, 3}}, other{"f2/6", 0, {at(5), 1, 0, 1}};
    UnitOfWork unit;
    unit.readings = {other, old, early};
    write(unit);
    unit.readings = {late};
    write(unit);
    EXPECT_EQ(restart({.increasesSince = at(10)}).readings, (std::vector<rules::WindowReading>{early, late}));
}

TEST_F(Recovery, FindsMeta) {
    UnitOfWork unit;
    unit.meta = {{"lastAlive", "1"}, {"lastAlive", "2"}, {"boot", "x"}};
    write(unit);
    EXPECT_EQ(restart().meta, (decltype(RecoveredState::meta){{"boot", "x"}, {"lastAlive", "2"}}));
}

TEST_F(Recovery, GoesOnWithoutARowThatIsDamagedAndReportsIt) {
    UnitOfWork unit;
    unit.alerts = {firingAlert("a"), firingAlert("b")};
    write(unit);
    writer.reset();
    must(open().execute("UPDATE alerts SET json = '{\"broken' WHERE fingerprint = 'a'"));
    auto state = restart();
    EXPECT_EQ(state.alerts, std::vector<rules::Alert>{firingAlert("b")});
    ASSERT_EQ(state.unreadable.size(), 1u);
    EXPECT_EQ(state.unreadable[0].code, ErrorCode::DataLoss);
    EXPECT_EQ(state.unreadable[0].place, location().place());
}

}  // namespace
}  // namespace klaw::storage
