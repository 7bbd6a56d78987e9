#include "storage/reader.hpp"
#include "storage/recovery.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::cardFor;
using testing::commit;
using testing::must;
using testing::resultOf;
using testing::startOf;

class OutboxTest : public testing::WithDatabase {
protected:
    Committed put(std::vector<Delivery> deliveries) {
        UnitOfWork unit;
        unit.newDeliveries = std::move(deliveries);
        return must(commit(writer, std::move(unit)));
    }
    Committed start(const Delivery& delivery, TimePoint when, const std::string& batchId = {}) {
        return must(commit(writer, startOf(delivery.id, when, batchId)));
    }
    Committed end(const Delivery& delivery, AttemptOutcome outcome, TimePoint when, const std::string& ref = {}) {
        return must(commit(writer, resultOf(delivery.id, outcome, when, ref)));
    }
    ErrorCode refusal(UnitOfWork unit) {
        auto outcome = commit(writer, std::move(unit));
        if (outcome) throw std::runtime_error("it was not refused");
        return outcome.error().code;
    }
    DeliveryRecord record(const Delivery& delivery) {
        for (auto& each : must(reader().deliveriesOf(delivery.incidentId)))
            if (each.delivery.id == delivery.id) return each;
        throw std::runtime_error("no delivery " + delivery.id);
    }
    DeliveryState state(const Delivery& delivery) { return record(delivery).delivery.state; }
    Reader reader() { return must(Reader::open(location())); }

    Writer writer{open()};
    Delivery first = cardFor("i1", 1), second = cardFor("i1", 2);
};

TEST_F(OutboxTest, GivesBackWhatWasPut) {
    put({first});
    EXPECT_EQ(record(first).delivery, first);
}

TEST_F(OutboxTest, TakesTheSameDeliveryOnce) {
    put({first});
    start(first, at(70));
    put({first});
    EXPECT_EQ(must(reader().deliveriesOf("i1")).size(), 1u);
    EXPECT_EQ(state(first), DeliveryState::Sending);
}

TEST_F(OutboxTest, KeepsTheLedgerOfEveryAttempt) {
    put({first});
    start(first, at(70));
    end(first, AttemptOutcome::RetryLater, at(71));
    auto waiting = record(first).delivery;
    EXPECT_EQ(waiting.state, DeliveryState::Queued);
    EXPECT_EQ(waiting.notBefore, at(101));
    EXPECT_FALSE(waiting.uncertain);
    start(first, at(101));
    end(first, AttemptOutcome::Delivered, at(102), "om_1");
    auto sent = record(first);
    EXPECT_EQ(sent.delivery.state, DeliveryState::Sent);
    EXPECT_EQ(sent.delivery.attempts, 2u);
    EXPECT_EQ(sent.delivery.platformRef, "om_1");
    EXPECT_EQ(sent.delivery.finishedAt, at(102));
    EXPECT_EQ(sent.attempts,
              (std::vector<DeliveryAttempt>{
                  {first.id, 1, at(70), 120ms, AttemptOutcome::RetryLater, "200/130101", "send too fast"},
                  {first.id, 2, at(101), 120ms, AttemptOutcome::Delivered, "200", ""}}));
}

TEST_F(OutboxTest, NotesAPermanentRefusalAsFailed) {
    put({first});
    start(first, at(70));
    end(first, AttemptOutcome::Refused, at(71));
    EXPECT_EQ(state(first), DeliveryState::Failed);
    EXPECT_EQ(refusal(startOf(first.id, at(80))), ErrorCode::Conflict);
    EXPECT_EQ(must(reader().deliveries(DeliveryState::Failed)).size(), 1u);
    EXPECT_EQ(must(reader().counts()).deliveriesFailed, 1);
}

TEST_F(OutboxTest, SupersedesOlderQueuedPicturesOfTheSameCard) {
    auto elsewhere = cardFor("i1", 1, "lead"), other = cardFor("i2", 1);
    auto reply = cardFor("i1", 9);
    reply.livingCard = false;
    put({first, elsewhere, other, reply});
    auto committed = put({second});
    EXPECT_EQ(committed.supersededDeliveries, std::vector<std::string>{first.id});
    EXPECT_EQ(state(first), DeliveryState::Superseded);
    EXPECT_EQ(record(first).delivery.finishedAt, second.createdAt);
    for (const auto& untouched : {second, elsewhere, other, reply}) EXPECT_EQ(state(untouched), DeliveryState::Queued);
    EXPECT_EQ(refusal(startOf(first.id, at(80))), ErrorCode::Conflict);
}

TEST_F(OutboxTest, SupersedesWhatPeopleMayAlreadySeeOnRequestOnly) {
    put({first});
    start(first, at(70));
    EXPECT_TRUE(put({second}).supersededDeliveries.empty());
    end(first, AttemptOutcome::Unknown, at(75));
    EXPECT_TRUE(record(first).delivery.uncertain);
    EXPECT_TRUE(put({cardFor("i1", 3)}).supersededDeliveries == std::vector<std::string>{second.id});
    EXPECT_EQ(state(first), DeliveryState::Queued);
}

TEST_F(OutboxTest, SupersedesOnRequest) {
    put({first});
    UnitOfWork unit;
    unit.supersededDeliveries = {first.id, "unknown"};
    EXPECT_EQ(must(commit(writer, std::move(unit))).supersededDeliveries, std::vector<std::string>{first.id});
    EXPECT_EQ(state(first), DeliveryState::Superseded);
}

TEST_F(OutboxTest, SupersedesOnRequestAlsoWhatMayHaveArrived) {
    put({first});
    start(first, at(70));
    put({second});
    start(second, at(71));
    end(second, AttemptOutcome::Unknown, at(75));
    UnitOfWork unit;
    unit.supersededDeliveries = {first.id, second.id};
    EXPECT_EQ(must(commit(writer, unit)).supersededDeliveries, (std::vector<std::string>{first.id, second.id}));
    EXPECT_EQ(state(first), DeliveryState::Superseded) << "its try was lost with the process";
    EXPECT_EQ(record(first).attempts[0].outcome, AttemptOutcome::Unknown);
    EXPECT_EQ(state(second), DeliveryState::Superseded);
}

TEST_F(OutboxTest, LetsWhatCertainlyDidNotArriveAloneLeaveWithOthers) {
    put({first, cardFor("i2", 1)});
    start(first, at(70));
    end(first, AttemptOutcome::RetryLater, at(71));
    start(first, at(80), "digest");
    end(first, AttemptOutcome::RetryLater, at(81));
    EXPECT_EQ(refusal(startOf(first.id, at(90), "another")), ErrorCode::Conflict);
    start(cardFor("i2", 1), at(70));
    end(cardFor("i2", 1), AttemptOutcome::Unknown, at(71));
    EXPECT_EQ(refusal(startOf(cardFor("i2", 1).id, at(80), "digest")), ErrorCode::Conflict);
}

TEST_F(OutboxTest, StoresAndStartsInOneCommit) {
    auto unit = startOf(first.id, at(70));
    unit.newDeliveries = {first};
    ASSERT_TRUE(commit(writer, std::move(unit)));
    EXPECT_EQ(state(first), DeliveryState::Sending);
}

TEST_F(OutboxTest, RefusesResultsOfWhatWasNotStarted) {
    put({first});
    EXPECT_EQ(refusal(resultOf(first.id, AttemptOutcome::Delivered, at(70))), ErrorCode::Conflict);
    EXPECT_EQ(refusal(startOf("unknown", at(70))), ErrorCode::Conflict);
    start(first, at(70));
    end(first, AttemptOutcome::Delivered, at(71));
    EXPECT_EQ(refusal(resultOf(first.id, AttemptOutcome::Delivered, at(72))), ErrorCode::Conflict);
}

TEST_F(OutboxTest, NotesATryThatWasLostWithTheProcessAsUnknown) {
    put({first});
    start(first, at(70));
    start(first, at(200));  // after a restart
    auto again = record(first);
    EXPECT_TRUE(again.delivery.uncertain);
    EXPECT_EQ(again.delivery.attempts, 2u);
    ASSERT_EQ(again.attempts.size(), 2u);
    EXPECT_EQ(again.attempts[0].outcome, AttemptOutcome::Unknown);
    end(first, AttemptOutcome::Delivered, at(201));
    EXPECT_EQ(record(first).attempts[1].outcome, AttemptOutcome::Delivered);
    EXPECT_EQ(record(first).attempts[0].outcome, AttemptOutcome::Unknown);
}

TEST_F(OutboxTest, LetsADigestLeaveAgainOnlyAsTheSameDigest) {
    put({first});
    start(first, at(70), "b1");
    end(first, AttemptOutcome::Unknown, at(71));
    EXPECT_EQ(refusal(startOf(first.id, at(80), "b2")), ErrorCode::Conflict);
    EXPECT_EQ(refusal(startOf(first.id, at(80))), ErrorCode::Conflict);
    start(first, at(80), "b1");
    EXPECT_EQ(record(first).delivery.batchId, "b1");
}

TEST_F(OutboxTest, RemembersTheNewestMessageOfACard) {
    UnitOfWork unit;
    unit.incidents = {testing::openIncident("i1")};
    must(commit(writer, std::move(unit)));
    put({first});
    start(first, at(70));
    end(first, AttemptOutcome::Delivered, at(71), "om_1");
    auto reply = cardFor("i1", 9);
    reply.livingCard = false;
    put({reply});
    start(reply, at(72));
    end(reply, AttemptOutcome::Delivered, at(73), "om_reply");
    put({second});
    start(second, at(74));
    end(second, AttemptOutcome::Delivered, at(75), "om_2");
    writer.stop();
    auto database = open();
    EXPECT_EQ(must(loadState(database, {})).cards, (std::vector<CardRef>{{"i1", "oncall", "om_2"}}));
}

TEST(DeliveryKey, IsShortStableAndDifferentForDifferentThings) {
    auto key = deliveryKey("i1", 1, "oncall");
    EXPECT_LE(key.size(), 50u);
    EXPECT_EQ(key, deliveryKey("i1", 1, "oncall"));
    EXPECT_EQ(key, "klaw-668eb9e8cc74b7834e4e73d45b64ad8b5ad497fb");  // the same on every machine and in every version
    EXPECT_NE(key, deliveryKey("i11", 1, "oncall"));
    EXPECT_NE(key, deliveryKey("i1", 11, "oncall"));
    EXPECT_NE(deliveryKey("i", 11, "x"), deliveryKey("i1", 1, "x"));
    EXPECT_NE(key, batchKey("i1", "oncall"));
    EXPECT_LE(batchKey(std::string(500, 'b'), "oncall").size(), 50u);
}

TEST(DeliveryNames, AreReadBack) {
    for (auto state : {DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Sent, DeliveryState::Failed,
                       DeliveryState::Superseded})
        EXPECT_EQ(deliveryStateFromString(toString(state)), state);
    for (auto outcome :
         {AttemptOutcome::Delivered, AttemptOutcome::RetryLater, AttemptOutcome::Refused, AttemptOutcome::Unknown})
        EXPECT_EQ(attemptOutcomeFromString(toString(outcome)), outcome);
    EXPECT_FALSE(deliveryStateFromString("lost"));
    EXPECT_FALSE(attemptOutcomeFromString(""));
}

}  // namespace
}  // namespace klaw::storage
