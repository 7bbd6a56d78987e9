#include "test/unit/rules/engine_test.hpp"

namespace klaw::rules {
namespace {

const std::string stuck = R"(rules:
  - alert: Stuck
    resource: pods
    when: object.status.phase == "Stuck"
    for: 10m
    title: "${object.metadata.name} ${object.status.message}"
)";

std::string pod(const std::string& status, const std::string& uid = "u1") {
    return R"({"kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":")" + uid + R"("},"status":)" + status +
           "}";
}

class EngineObjects : public EngineTest {};

TEST_F(EngineObjects, FireWhenTheConditionHasHeldForItsTime) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    EXPECT_EQ(took(), "Stuck pending");
    pass(10min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Stuck fired");
    EXPECT_EQ(only().firedAt, now_);
    EXPECT_EQ(only().activeAt, now_ - 10min);
}

TEST_F(EngineObjects, AreWithdrawnSilentlyWhenTheyMendThemselves) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(9min);
    put(pod(R"({"phase":"Running"})"));
    EXPECT_EQ(took(), "Stuck pending, Stuck withdrawn");
    pass(1h);
    EXPECT_EQ(took(), "");
}

TEST_F(EngineObjects, DoNotWaitAnewWhileTheConditionHolds) {
    start(stuck);
    put(pod(R"({"phase":"Stuck","message":"a"})"));
    pass(9min);
    put(pod(R"({"phase":"Stuck","message":"b"})"));
    pass(1min);
    EXPECT_EQ(took(), "Stuck pending, Stuck fired");
    EXPECT_EQ(only().title.en, "web b");
}

TEST_F(EngineObjects, ChangeOnlyWhenSomethingShownDoes) {
    start(stuck);
    put(pod(R"({"phase":"Stuck","message":"a"})"));
    pass(10min);
    took();
    put(pod(R"({"phase":"Stuck","message":"a","other":1})"));
    EXPECT_EQ(took(), "");
    put(pod(R"({"phase":"Stuck","message":"b","other":1})"));
    EXPECT_EQ(took(), "Stuck changed");
}

TEST_F(EngineObjects, ResolveWhenTheyMend) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    took();
    pass(1min);
    put(pod(R"({"phase":"Running"})"));
    EXPECT_EQ(took(), "Stuck resolved");
    EXPECT_EQ(engine_->nextDue(), std::nullopt);
}

TEST_F(EngineObjects, EndWithTheirObject) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    took();
    remove("u1");
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, OfTheSameNameWithANewUidAreOthers) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})", "u1"));
    pass(10min);
    took();
    put(pod(R"({"phase":"Stuck"})", "u2"));
    EXPECT_EQ(took(), "Stuck resolved, Stuck pending");
    pass(10min);
    EXPECT_EQ(took(), "Stuck fired");
}

TEST_F(EngineObjects, ThatVanishedUnseenResolveWithTheList) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    took();
    listCompleted("nodes", {});
    listCompleted("pods", {"u1"});
    EXPECT_EQ(took(), "");
    listCompleted("pods", {"u7"});
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, OfAClusterThatIsWatchedNoLongerResolve) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    took();
    keepClusters({"c1", "c2"});
    EXPECT_EQ(took(), "");
    keepClusters({"c2"});
    EXPECT_EQ(took(), "Stuck resolved");
    EXPECT_EQ(engine_->nextDue(), std::nullopt);
}

TEST_F(EngineObjects, OfAFirstListStartedBefore) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"), "pods", true);
    EXPECT_TRUE(only().startedBefore);
}

TEST_F(EngineObjects, WithoutTheFieldAreNeitherTrueNorAnError) {
    start(stuck);
    put(pod("{}"));
    EXPECT_EQ(took(), "");
    EXPECT_TRUE(engine_->counters().empty() || engine_->counters().at("Stuck").errors == 0);
}

TEST_F(EngineObjects, ThatCannotBeToldGoOnFiring) {
    start(R"(rules:
  - {alert: Many, resource: pods, when: object.status.observedGeneration > 3, title: t}
)");
    put(pod(R"({"observedGeneration":4})"));
    EXPECT_EQ(took(), "Many fired");
    put(pod(R"({"observedGeneration":"four"})"));
    EXPECT_EQ(took(), "");
    EXPECT_EQ(engine_->counters().at("Many").errors, 1u);
    EXPECT_EQ(engine_->counters().at("Many").lastError, "rules.yaml:2:74: no such overload");
}

TEST_F(EngineObjects, AreComparedWithWhatTheyWere) {
    start(R"(rules:
  - alert: Restarted
    resource: pods
    when: object.status.observedGeneration > old.status.observedGeneration
    keep_firing_for: 1m
    title: "from ${old.status.observedGeneration} to ${object.status.observedGeneration}"
)");
    put(pod(R"({"observedGeneration":1})"));
    EXPECT_EQ(took(), "");
    put(pod(R"({"observedGeneration":2})"));
    EXPECT_EQ(took(), "Restarted fired");
    EXPECT_EQ(only().title.en, "from 1 to 2");
    put(pod(R"({"observedGeneration":2,"x":1})"));
    pass(59s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Restarted resolved");
}

const std::string timed = R"(rules:
  - {alert: Late, resource: pods, when: 'now - timestamp(object.status.startTime) > duration("5m")', title: t}
)";

TEST_F(EngineObjects, OfRulesThatReadTheClockAreLookedAtByTimer) {
    start(timed);
    put(pod(R"({"startTime":"2026-11-23T10:00:00Z"})"));
    pass(5min);
    EXPECT_EQ(took(), "");
    pass(15s);
    EXPECT_EQ(took(), "Late fired");
    put(pod(R"({"startTime":"2026-11-23T10:05:00Z"})"));
    EXPECT_EQ(took(), "Late resolved");
}

const std::string waiting = R"(rules:
  - alert: Waiting
    resource: pods
    each: object.status.containerStatuses
    when: "!item.ready"
    labels: {container: "${item.name}"}
    title: "${item.name}"
)";

TEST_F(EngineObjects, HaveAnAlertForEachElement) {
    start(waiting);
    put(pod(
        R"({"containerStatuses":[{"name":"a","ready":false},{"name":"b","ready":false},{"name":"c","ready":true}]})"));
    EXPECT_EQ(took(), "Waiting fired, Waiting fired");
    put(pod(R"({"containerStatuses":[{"name":"a","ready":true},{"name":"b","ready":false}]})"));
    EXPECT_EQ(took(), "Waiting resolved");
    EXPECT_EQ(only().element, "b");
    EXPECT_EQ(only().labels, (Labels{{"container", "b"}, {"namespace", "shop"}, {"pod", "web"}}));
    put(pod(R"({"containerStatuses":[]})"));
    EXPECT_EQ(took(), "Waiting resolved");
}

TEST_F(EngineObjects, BelongToTheirDeployment) {
    start(stuck);
    put(R"({"kind":"Pod","metadata":{"name":"web-5d4-x","namespace":"shop","uid":"u1",
        "labels":{"pod-template-hash":"5d4"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d4","uid":"r1","controller":true}]},
        "status":{"phase":"Stuck"}})");
    EXPECT_EQ(only().owner.kind, "Deployment");
    EXPECT_EQ(only().owner.name, "web");
    EXPECT_EQ(only().owner.ns, "shop");
}

const std::string killed = R"(rules:
  - alert: Killed
    resource: pods
    when: object.status.reason == "Killed"
    occurrence: "${object.status.startTime}"
    keep_firing_for: 10m
    title: killed
)";

std::string killedAt(const std::string& time, const std::string& more = "1") {
    return pod(R"({"reason":"Killed","startTime":")" + time + R"(","more":)" + more + "}");
}

TEST_F(EngineObjects, CountEachOccurrenceOnce) {
    start(killed);
    put(killedAt("2026-11-23T10:00:00Z"));
    EXPECT_EQ(took(), "Killed fired");
    put(killedAt("2026-11-23T10:00:00Z", "2"));
    EXPECT_EQ(took(), "");
    pass(5min);
    put(killedAt("2026-11-23T10:05:00Z"));
    EXPECT_EQ(took(), "Killed changed");
    EXPECT_EQ(only().count, 2u);
    pass(10min);
    EXPECT_EQ(took(), "Killed resolved");
    put(killedAt("2026-11-23T10:05:00Z", "3"));
    EXPECT_EQ(took(), "");
    put(killedAt("2026-11-23T10:15:00Z"));
    EXPECT_EQ(took(), "Killed fired");
}

TEST_F(EngineObjects, OfLongAgoAreNoNewsAtTheFirstStart) {
    start(killed);
    put(killedAt("2026-11-23T09:49:59Z"), "pods", true);
    EXPECT_EQ(took(), "");
    put(killedAt("2026-11-23T09:50:01Z"), "pods", true);
    EXPECT_EQ(took(), "Killed fired");
}

TEST_F(EngineObjects, ThatHappenedWhileTheAgentWasDownAreNews) {
    start(killed);
    engine_->restore({}, {}, now_ - 2h);
    put(killedAt("2026-11-23T08:30:00Z"), "pods", true);
    EXPECT_EQ(took(), "Killed fired");
    EXPECT_TRUE(only().startedBefore);
}

TEST_F(EngineObjects, WhoseOccurrenceHasBeenToldAreNotToldAgainAfterARestart) {
    start(killed);
    put(killedAt("2026-11-23T10:00:00Z"));
    pass(11min);
    EXPECT_EQ(took(), "Killed fired, Killed resolved");
    restart(killed);
    put(killedAt("2026-11-23T10:00:00Z", "2"), "pods", true);
    EXPECT_EQ(took(), "");
}

TEST_F(EngineObjects, KeepTheTimeThatTheyHaveWaitedAcrossARestart) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(6min);
    restart(stuck);
    EXPECT_EQ(took(), "Stuck pending");
    put(pod(R"({"phase":"Stuck"})"), "pods", true);
    EXPECT_EQ(took(), "");
    pass(4min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Stuck fired");
}

TEST_F(EngineObjects, AreNotFiredAfterARestartBeforeTheyHaveBeenSeenAgain) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(6min);
    restart(stuck);
    took();
    pass(1h);
    EXPECT_EQ(took(), "");
    listCompleted("pods", {});
    EXPECT_EQ(took(), "Stuck withdrawn");
}

TEST_F(EngineObjects, ThatFiredBeforeARestartAreNotFiredAgain) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    restart(stuck);
    took();
    put(pod(R"({"phase":"Stuck"})"), "pods", true);
    EXPECT_EQ(took(), "");
    EXPECT_FALSE(only().startedBefore);
    put(pod(R"({"phase":"Running"})"));
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, OfARuleThatIsGoneAfterARestartResolve) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    restart(waiting);
    took();
    pass(0s);
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, KeepTheirStateWhenTheirRuleIsReplaced) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    pass(10min);
    took();
    replace(stuck + waiting.substr(waiting.find('\n') + 1));
    EXPECT_EQ(took(), "");
    EXPECT_TRUE(only().firedAt);
    replace(waiting);
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, MeetANewRuleByReevaluation) {
    start(waiting);
    put(pod(R"({"phase":"Stuck"})"));
    replace(stuck);
    EXPECT_EQ(took(), "");
    reevaluate("pods");
    EXPECT_EQ(took(), "Stuck pending");
}

TEST_F(EngineObjects, LookAgainAtThousandsOfObjectsSomeAtATime) {
    start(waiting);
    constexpr std::size_t pods = 1200, atOnce = 500;
    for (std::size_t i = 0; i < pods; ++i) put(pod(R"({"phase":"Stuck"})", "u" + std::to_string(i)));
    replace(stuck);
    reevaluate("pods");
    auto pending = [&] {
        auto text = took();
        std::size_t count = 0;
        for (auto at = text.find("pending"); at != text.npos; at = text.find("pending", at + 1)) ++count;
        return count;
    };
    EXPECT_EQ(pending(), atOnce);
    pass(0s);
    EXPECT_EQ(pending(), pods - atOnce);
}

const std::string lookingBack = R"(rules:
  - alert: Stuck
    resource: pods
    when: object.status.phase == "Stuck"
    for: 10m
    lookback: 2m
)";

TEST_F(EngineObjects, WaitOnThroughGapsThatALookbackBridges) {
    start(lookingBack);
    put(pod(R"({"phase":"Stuck"})"));
    pass(5min);
    put(pod(R"({"phase":"Running"})"));
    pass(90s);
    put(pod(R"({"phase":"Stuck"})"));
    pass(3min + 30s);
    EXPECT_EQ(took(), "Stuck pending, Stuck fired");
    put(pod(R"({"phase":"Running"})"));
    pass(2min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Stuck resolved");
}

TEST_F(EngineObjects, WaitOnThroughGapsThatALookbackBridgesAlsoAfterARestart) {
    start(lookingBack);
    put(pod(R"({"phase":"Stuck"})"));
    pass(5min);
    restart(lookingBack);
    put(pod(R"({"phase":"Running"})"), "pods", true);
    pass(90s);
    restart(lookingBack);
    put(pod(R"({"phase":"Running"})"), "pods", true);
    pass(15s);
    put(pod(R"({"phase":"Stuck"})"));
    pass(3min + 15s);
    EXPECT_EQ(took(), "Stuck pending, Stuck fired");
    put(pod(R"({"phase":"Running"})"));
    pass(1min);
    restart(lookingBack);
    put(pod(R"({"phase":"Running"})"), "pods", true);
    pass(1min);
    EXPECT_EQ(took(), "Stuck resolved") << "two minutes after it last held, not after the restart";
}

TEST_F(EngineObjects, KeepFiringFromWhenTheyCeasedAlsoAfterARestart) {
    auto rule = R"(rules:
  - {alert: Stuck, resource: pods, when: object.status.phase == "Stuck", keep_firing_for: 10m, title: t}
)";
    start(rule);
    put(pod(R"({"phase":"Stuck"})"));
    pass(1min);
    put(pod(R"({"phase":"Running"})"));
    pass(8min);
    restart(rule);
    pass(1min);
    put(pod(R"({"phase":"Running"})"), "pods", true);
    pass(59s);
    EXPECT_EQ(took(), "Stuck fired");
    pass(1s);
    EXPECT_EQ(took(), "Stuck resolved");
    put(pod(R"({"phase":"Stuck"})"));
    put(pod(R"({"phase":"Running"})"));
    put(pod(R"({"phase":"Stuck"})"));
    restart(rule);
    put(pod(R"({"phase":"Stuck"})"), "pods", true);
    pass(1h);
    EXPECT_EQ(took(), "Stuck fired") << "that it ceased for a moment is over";
}

TEST_F(EngineObjects, AreWithdrawnAfterAGapLongerThanTheLookback) {
    start(lookingBack);
    put(pod(R"({"phase":"Stuck"})"));
    pass(5min);
    put(pod(R"({"phase":"Running"})"));
    pass(2min);
    EXPECT_EQ(took(), "Stuck pending, Stuck withdrawn");
}

const std::string waitingAnew = R"(rules:
  - alert: Stuck
    resource: pods
    when: object.status.phase == "Stuck"
    for: 10m
    wait_anew: "${object.status.observedGeneration}"
)";

TEST_F(EngineObjects, WaitAnewWhenWhatTheyWaitForMovesOn) {
    start(waitingAnew);
    put(pod(R"({"phase":"Stuck","observedGeneration":1})"));
    pass(9min);
    put(pod(R"({"phase":"Stuck","observedGeneration":1,"x":1})"));
    put(pod(R"({"phase":"Stuck","observedGeneration":2})"));
    pass(9min);
    EXPECT_EQ(took(), "Stuck pending, Stuck pending") << "the second tells that the wait has begun anew";
    pass(1min);
    EXPECT_EQ(took(), "Stuck fired");
    put(pod(R"({"phase":"Stuck","observedGeneration":3})"));
    EXPECT_EQ(took(), "") << "what fires goes on";
}

TEST_F(EngineObjects, WaitOnAfterARestartWhereNothingHasMoved) {
    start(waitingAnew);
    put(pod(R"({"phase":"Stuck","observedGeneration":2})"));
    pass(6min);
    restart(waitingAnew);
    put(pod(R"({"phase":"Stuck","observedGeneration":2})"), "pods", true);
    pass(4min);
    EXPECT_EQ(took(), "Stuck pending, Stuck fired");
}

TEST_F(EngineObjects, DoNotCountBeforeTheTimeThatTheyAreGiven) {
    start(R"(rules:
  - alert: Stuck
    resource: pods
    when: object.status.phase == "Stuck"
    since: object.status.startTime
    not_before: timestamp(object.status.message)
    for: 10m
)");
    put(pod(R"({"phase":"Stuck","startTime":")" + formatRfc3339(now_ - 1h) + R"(","message":")" +
            formatRfc3339(now_ + 2h) + R"("})"));
    pass(2h + 10min - 1s);
    EXPECT_EQ(took(), "Stuck pending");
    pass(1s);
    EXPECT_EQ(took(), "Stuck fired");
}

TEST_F(EngineObjects, AreNotDelayedByAClockThatRunsAhead) {
    start(R"(rules:
  - {alert: Stuck, resource: pods, when: 'object.status.phase == "Stuck"', since: object.status.startTime, for: 10m}
)");
    put(pod(R"({"phase":"Stuck","startTime":")" + formatRfc3339(now_ + 24h) + R"("})"));
    pass(10min);
    EXPECT_EQ(took(), "Stuck pending, Stuck fired");
}

TEST_F(EngineObjects, HaveNoLabelWithoutAValue) {
    start(R"(rules:
  - alert: Stuck
    resource: pods
    when: object.status.phase == "Stuck"
    labels: {pod: "", step: "${object.status.observedGeneration}", phase: "${object.status.phase}"}
)");
    put(pod(R"({"phase":"Stuck"})"));
    EXPECT_EQ(only().labels, (Labels{{"namespace", "shop"}, {"phase", "Stuck"}}));
}

const std::string restarts = R"(rules:
  - alert: Restarts
    resource: pods
    each: object.status.containerStatuses
    when: item.restartCount > 0
    occurrence: "${item.restartCount}"
    threshold: ">= 3 in 1h"
    labels: {container: "${item.name}"}
)";

std::string restarted(int count) {
    return pod(R"({"containerStatuses":[{"name":"app","restartCount":)" + std::to_string(count) + "}]}");
}

TEST_F(EngineObjects, CountOccurrencesInAWindow) {
    start(restarts);
    put(restarted(0));
    put(restarted(1));
    pass(20min);
    put(restarted(2));
    put(restarted(2));
    EXPECT_EQ(took(), "");
    pass(20min);
    put(restarted(3));
    EXPECT_EQ(took(), "Restarts fired");
    EXPECT_EQ(only().count, 3u);
    pass(20min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Restarts resolved");
}

TEST_F(EngineObjects, CountWhatAnUpdateHasSkipped) {
    start(restarts);
    put(restarted(1));
    put(restarted(4));
    EXPECT_EQ(took(), "Restarts fired");
}

TEST_F(EngineObjects, CountNothingOfBeforeTheyWereSeen) {
    start(restarts);
    put(restarted(70), "pods", true);
    pass(1min);
    put(restarted(72));
    EXPECT_EQ(took(), "");
    put(restarted(73));
    EXPECT_EQ(took(), "Restarts fired");
}

TEST_F(EngineObjects, CountOnAfterARestart) {
    start(restarts);
    put(restarted(1));
    put(restarted(3));
    EXPECT_EQ(took(), "");
    pass(1min);
    restart(restarts);
    put(restarted(4), "pods", true);
    EXPECT_EQ(took(), "Restarts fired");
}

TEST_F(EngineObjects, CountTimesOnceEach) {
    start(R"(rules:
  - alert: Flaps
    resource: pods
    when: has(object.status.startTime)
    occurrence: "${object.status.startTime}"
    threshold: ">= 2 in 10m"
)");
    put(pod(R"({"startTime":"2025-01-01T00:00:00Z"})"));
    for (auto wait : {1min, 1min}) {
        pass(wait);
        put(pod(R"({"startTime":")" + formatRfc3339(now_) + "\"}"));
    }
    EXPECT_EQ(took(), "Flaps fired");
    EXPECT_EQ(only().count, 2u);
}

TEST_F(EngineObjects, HaveTheSameIdentityOnEveryMachine) {
    start(stuck);
    put(pod(R"({"phase":"Stuck"})"));
    EXPECT_EQ(only().fingerprint, fingerprintOf("Stuck", "c1", {{"namespace", "shop"}, {"pod", "web"}}));
    EXPECT_EQ(only().fingerprint.size(), 32u);
    EXPECT_NE(only().fingerprint, fingerprintOf("Stuck", "c2", {{"namespace", "shop"}, {"pod", "web"}}));
}

}  // namespace
}  // namespace klaw::rules
