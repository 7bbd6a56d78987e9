#include "storage/retention.hpp"

#include <thread>

#include "storage/reader.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::cardFor;
using testing::commit;
using testing::firingAlert;
using testing::must;
using testing::openIncident;

constexpr int day = 24 * 3600;

class Retention : public testing::WithDatabase {
protected:
    void write(UnitOfWork unit) { must(commit(writer, std::move(unit))); }
    /// A card that was put and sent at that time.
    void send(const Delivery& delivery, int seconds) {
        UnitOfWork unit;
        unit.newDeliveries = {delivery};
        write(unit);
        write(testing::startOf(delivery.id, at(seconds)));
        write(testing::resultOf(delivery.id, AttemptOutcome::Delivered, at(seconds), "om_" + delivery.id));
    }
    PruneReport prune(int seconds) { return must(testing::prune(writer, at(seconds), limits)); }
    Reader reader() { return must(Reader::open(location())); }

    RetentionLimits limits;
    Writer writer{open()};
};

rules::Alert resolvedAlert(const std::string& fingerprint, int seconds) {
    auto alert = firingAlert(fingerprint);
    alert.resolvedAt = at(seconds);
    return alert;
}

rules::Incident resolvedIncident(const std::string& id, int seconds) {
    auto incident = openIncident(id, 2);
    incident.resolvedAt = at(seconds);
    return incident;
}

TEST_F(Retention, RemovesResolvedAlertsOfLongAgoOnly) {
    UnitOfWork unit;
    unit.alerts = {resolvedAlert("old", 100), resolvedAlert("new", 6 * day), firingAlert("firing")};
    write(unit);
    EXPECT_EQ(prune(100 + 7 * day).alerts, 0u);  // exactly as old as the limit
    EXPECT_EQ(prune(101 + 7 * day).alerts, 1u);
    EXPECT_FALSE(reader().alert("old"));
    EXPECT_TRUE(reader().alert("new"));
    EXPECT_TRUE(reader().alert("firing"));
}

TEST_F(Retention, KeepsEverythingOfAnOpenIncident) {
    UnitOfWork unit;
    unit.incidents = {openIncident("i1")};
    write(unit);
    send(cardFor("i1", 1), 100);
    EXPECT_EQ(prune(1000 * day).total(), 0u);
    auto history = must(reader().deliveriesOf("i1"));
    ASSERT_EQ(history.size(), 1u);
    EXPECT_EQ(history[0].attempts.size(), 1u);
}

TEST_F(Retention, RemovesAnIncidentWithItsDeliveriesAttemptsAndCards) {
    UnitOfWork unit;
    unit.incidents = {resolvedIncident("old", 100), resolvedIncident("new", 80 * day)};
    write(unit);
    limits.finishedDeliveries = 1000 * 24h;
    send(cardFor("old", 1), 100);
    send(cardFor("new", 1), 80 * day);
    auto report = prune(101 + 90 * day);
    EXPECT_EQ(report.incidents, 1u);
    EXPECT_EQ(report.deliveries, 1u);
    EXPECT_FALSE(reader().incident("old"));
    EXPECT_TRUE(reader().incident("new"));
    EXPECT_EQ(must(reader().deliveriesOf("new")).size(), 1u);
    writer.stop();
    auto database = open();
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM deliveries")), 1);
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM delivery_attempts")), 1);
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM cards WHERE incident_id = 'old'")), 0);
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM cards WHERE incident_id = 'new'")), 1);
}

TEST_F(Retention, RemovesFinishedDeliveriesBeforeTheirIncidentAndNeverWaitingOnes) {
    UnitOfWork unit;
    unit.incidents = {resolvedIncident("i1", 100)};
    auto waiting = cardFor("i1", 2);
    waiting.channel = "lead";
    unit.newDeliveries = {waiting};
    write(unit);
    send(cardFor("i1", 1), 100);
    auto heartbeat = cardFor("", 1);
    send(heartbeat, 100);
    EXPECT_EQ(prune(101 + 30 * day).deliveries, 2u);
    auto left = must(reader().deliveries(std::nullopt));
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].delivery.id, waiting.id);
    prune(1000 * day);
    EXPECT_EQ(must(reader().deliveries(std::nullopt)).size(), 1u);
    EXPECT_TRUE(reader().incident("i1"));
}

TEST_F(Retention, RemembersChangesOfAnObjectForThreeMonths) {
    UnitOfWork unit;
    unit.objectChanges = {{"prod", "Deployment", "shop", "web", "replicas: 1 → 2", "kubectl", at(100)},
                          {"prod", "Deployment", "shop", "web", "replicas: 2 → 3", "", at(200)},
                          {"prod", "Deployment", "shop", "other", "spec", "helm", at(150)}};
    write(unit);
    ObjectChange web{"prod", "Deployment", "shop", "web", {}, {}, {}};
    auto known = must(reader().objectChanges(web, at(0), 10));
    ASSERT_EQ(known.size(), 2u);
    EXPECT_EQ(known[0].what, "replicas: 1 → 2");
    EXPECT_EQ(known[0].by, "kubectl");
    EXPECT_EQ(known[1].at, at(200));
    EXPECT_EQ(must(reader().objectChanges(web, at(101), 10)).size(), 1u);
    EXPECT_EQ(must(reader().objectChanges(web, at(0), 1)).at(0).what, "replicas: 2 → 3") << "the latest";
    EXPECT_EQ(prune(101 + 90 * day).objectChanges, 1u);
    EXPECT_EQ(must(reader().objectChanges(web, at(0), 10)).size(), 1u);
}

TEST_F(Retention, RemovesSilencesOffersAndCountsOnceTheyAreOld) {
    rules::Silence silence;
    silence.id = "s1";
    silence.matchers = {{"rule", rules::Matcher::Kind::Equal, "x"}};
    silence.endsAt = at(100);
    rules::EventCounter counter;
    counter.eventUid = "e1";
    counter.seen = counter.increase = 3;
    counter.at = at(100);
    UnitOfWork unit;
    unit.silences = {silence};
    unit.silenceCopies = {{"s1", "west", "r1", at(100)}};
    unit.offers = {testing::restartOffer("nonce", at(100))};
    unit.counters = {counter};
    unit.readings = {{"f1/6", 0, {at(100), 0.5, 0, 1}}};
    write(unit);
    EXPECT_EQ(prune(100).total(), 0u);
    EXPECT_EQ(prune(101 + 2 * day).eventIncreases, 0u) << "a window may reach back to it";
    auto readings = [this] { return must(open().integer("SELECT count(*) FROM window_readings")); };
    EXPECT_EQ(readings(), 1);
    auto weekLater = prune(101 + 7 * day);
    EXPECT_EQ(weekLater.eventIncreases, 1u);
    EXPECT_EQ(readings(), 0);
    EXPECT_EQ(weekLater.offers, 1u);
    EXPECT_EQ(weekLater.eventsSeen, 1u);
    auto copies = [this] { return must(open().integer("SELECT count(*) FROM silence_copies")); };
    EXPECT_EQ(copies(), 1);
    EXPECT_EQ(prune(101 + 30 * day).silences, 1u);
    EXPECT_EQ(copies(), 0);
}

TEST_F(Retention, NeverTouchesAuditAndRules) {
    UnitOfWork unit;
    unit.audit = {testing::allowedRestart("t")};
    unit.ruleRevisions = {{.name = "workloads", .author = "ann", .source = "apply", .at = at(0), .text = "rules: []"}};
    write(unit);
    EXPECT_EQ(prune(20'000 * day).total(), 0u);
    EXPECT_EQ(must(reader().verifyAudit()).rows, 1);
    EXPECT_EQ(must(reader().ruleRevisions("workloads")).size(), 1u);
}

TEST_F(Retention, RemovesAnyNumberInSmallTransactions) {
    UnitOfWork unit;
    for (int i = 0; i < 2300; ++i) unit.alerts.push_back(resolvedAlert("f" + std::to_string(i), 100));
    write(unit);
    auto before = writer.stats().commits;
    EXPECT_EQ(prune(8 * day).alerts, 2300u);
    EXPECT_GE(writer.stats().commits - before, 5u);
}

TEST_F(Retention, IsAnsweredWhenTheWriterStopsMeanwhile) {
    UnitOfWork unit;
    for (int i = 0; i < 3000; ++i) unit.alerts.push_back(resolvedAlert("f" + std::to_string(i), 100));
    write(unit);
    std::optional<Result<PruneReport>> outcome;
    writer.prune(at(8 * day), limits, [&](Result<PruneReport> report) { outcome = std::move(report); });
    writer.stop();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->has_value() || outcome->error().code == ErrorCode::Unavailable);
}

}  // namespace
}  // namespace klaw::storage
