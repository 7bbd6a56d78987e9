#include "test/unit/rules/engine_test.hpp"

namespace klaw::rules {
namespace {

const std::string failing = R"(rules:
  - alert: Failing
    event: {type: Warning, reason: Bad, involvedKind: Pod}
    threshold: ">= 3 in 10m"
    title: "${count} times ${event.message}"
)";

std::string bad(int count, const std::string& time, const std::string& more = "", const std::string& uid = "e1",
                const std::string& about = "web") {
    return R"({"metadata":{"uid":")" + uid + R"("},"type":"Warning","reason":"Bad","message":"m","count":)" +
           std::to_string(count) + R"(,"lastTimestamp":"2026-11-23T)" + time +
           R"(Z","involvedObject":{"kind":"Pod","namespace":"shop","name":")" + about + R"(","uid":"pod-)" + about +
           R"("})" + more + "}";
}

class EngineEvents : public EngineTest {};

TEST_F(EngineEvents, AreCountedByTheIncreaseOfTheirCount) {
    start(failing);
    event(bad(1, "10:00:00"));
    pass(1min);
    event(bad(2, "10:01:00"));
    EXPECT_EQ(took(), "");
    pass(1min);
    event(bad(3, "10:02:00"));
    EXPECT_EQ(took(), "Failing fired");
    EXPECT_EQ(only().count, 3u);
    EXPECT_EQ(only().title.en, "3 times m");
    pass(1min);
    event(bad(25, "10:03:00"));
    EXPECT_EQ(took(), "Failing changed");
    EXPECT_EQ(only().count, 25u);
}

TEST_F(EngineEvents, SeenAgainUnchangedAddNothing) {
    start(failing);
    event(bad(2, "10:00:00"));
    event(bad(2, "10:00:00"));
    event(bad(2, "10:00:00"));
    EXPECT_EQ(took(), "");
}

TEST_F(EngineEvents, ThatCountedForLongBeforeTheyWereSeenCountByWhatFallsIntoTheWindow) {
    start(failing);
    event(bad(40, "09:59:00", R"(,"firstTimestamp":"2026-11-21T10:00:00Z")", "e1", "seldom"));
    EXPECT_EQ(took(), "") << "40 in two days is less than 3 in 10 minutes";
    event(bad(40, "09:59:00", R"(,"firstTimestamp":"2026-11-23T09:00:00Z")", "e2", "often"));
    EXPECT_EQ(took(), "Failing fired");
    EXPECT_EQ(only().count, 7u) << "the last, and a sixth of the other 39";
}

TEST_F(EngineEvents, ThatGrewWhileNobodyLookedCountByWhatFallsIntoTheWindow) {
    start(failing);
    event(bad(1, "10:00:00"));
    pass(10h);
    event(bad(61, "20:00:00"));
    EXPECT_EQ(took(), "") << "one each ten minutes";
}

TEST_F(EngineEvents, OfSeveralObjectsAreCountedForEach) {
    start(failing);
    event(bad(2, "10:00:00", "", "e1", "a"));
    event(bad(2, "10:00:00", "", "e2", "b"));
    EXPECT_EQ(took(), "");
    event(bad(1, "10:00:00", "", "e3", "a"));
    EXPECT_EQ(took(), "Failing fired");
    EXPECT_EQ(only().labels, (Labels{{"namespace", "shop"}, {"pod", "a"}}));
}

TEST_F(EngineEvents, MustComeWithinTheWindow) {
    start(failing);
    event(bad(2, "10:00:00"));
    pass(10min);
    event(bad(3, "10:10:00"));
    EXPECT_EQ(took(), "");
    pass(1min);
    event(bad(5, "10:11:00"));
    EXPECT_EQ(took(), "Failing fired");
}

TEST_F(EngineEvents, ResolveWhenTheirWindowHasEmptied) {
    start(failing);
    event(bad(3, "10:00:00"));
    EXPECT_EQ(took(), "Failing fired");
    pass(10min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "Failing resolved");
}

TEST_F(EngineEvents, AreReadFromSeriesToo) {
    start(failing);
    event(R"({"metadata":{"uid":"e1"},"type":"Warning","reason":"Bad","eventTime":"2026-11-23T09:59:00Z",
        "series":{"count":3,"lastObservedTime":"2026-11-23T10:00:00Z"},
        "regarding":{"kind":"Pod","namespace":"shop","name":"web","uid":"pod-web"}})");
    EXPECT_EQ(took(), "Failing fired");
}

TEST_F(EngineEvents, OfOtherReasonsTypesAndKindsAreNotCounted) {
    start(failing);
    event(
        R"({"metadata":{"uid":"a"},"type":"Normal","reason":"Bad","count":9,"involvedObject":{"kind":"Pod","name":"a"}})");
    event(
        R"({"metadata":{"uid":"b"},"type":"Warning","reason":"Good","count":9,"involvedObject":{"kind":"Pod","name":"a"}})");
    event(
        R"({"metadata":{"uid":"c"},"type":"Warning","reason":"Bad","count":9,"involvedObject":{"kind":"Node","name":"a"}})");
    EXPECT_EQ(took(), "");
}

TEST_F(EngineEvents, MayHaveToMeetACondition) {
    start(R"(rules:
  - alert: Failing
    event: {reason: Bad}
    when: event.message.contains("quota")
    threshold: ">= 1 in 10m"
    title: t
)");
    event(bad(5, "10:00:00"));
    EXPECT_EQ(took(), "");
    event(
        R"({"metadata":{"uid":"q"},"reason":"Bad","message":"exceeded quota","involvedObject":{"kind":"Pod","name":"a"}})");
    EXPECT_EQ(took(), "Failing fired");
}

TEST_F(EngineEvents, PerNodeAreCountedTogether) {
    start(R"(rules:
  - {alert: Failing, event: {reason: Bad}, threshold: ">= 2 in 10m", per: [node], title: t}
)");
    event(bad(1, "10:00:00", R"(,"source":{"host":"n1"})", "e1", "a"));
    event(bad(1, "10:00:00", R"(,"source":{"host":"n2"})", "e2", "b"));
    EXPECT_EQ(took(), "");
    event(bad(1, "10:00:00", R"(,"source":{"host":"n1"})", "e3", "c"));
    EXPECT_EQ(took(), "Failing fired");
    EXPECT_EQ(only().labels, (Labels{{"node", "n1"}}));
    EXPECT_EQ(only().object.kind, "Node");
}

TEST_F(EngineEvents, EndWithTheObjectThatTheyAreAbout) {
    start(failing + "  - {alert: Other, resource: pods, when: object.metadata.generation == 1, title: t}\n");
    put(R"({"kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"pod-web"}})");
    event(bad(3, "10:00:00"));
    EXPECT_EQ(took(), "Failing fired");
    remove("pod-web");
    EXPECT_EQ(took(), "Failing resolved");
    pass(1min);
    event(bad(4, "10:01:00"));
    EXPECT_EQ(took(), "");
}

TEST_F(EngineEvents, BelongToTheOwnerOfTheirObject) {
    start(failing);
    put(R"({"kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"pod-web",
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"db","uid":"s1","controller":true}]}})");
    event(bad(3, "10:00:00"));
    EXPECT_EQ(only().owner.kind, "StatefulSet");
    EXPECT_EQ(only().owner.name, "db");
}

TEST_F(EngineEvents, AreNeitherRepeatedNorLostByARestart) {
    start(failing);
    event(bad(2, "10:00:00"));
    pass(5min);
    restart(failing);
    event(bad(2, "10:00:00"));
    EXPECT_EQ(took(), "");
    event(bad(3, "10:05:00"));
    EXPECT_EQ(took(), "Failing fired");
    restart(failing);
    took();
    event(bad(3, "10:05:00"));
    EXPECT_EQ(took(), "");
    EXPECT_EQ(only().count, 3u);
    // Two of the three are from 10:00.
    pass(5min);
    EXPECT_EQ(took(), "Failing resolved");
}

TEST_F(EngineEvents, ThatFiredBeforeARestartResolveInTime) {
    start(failing);
    event(bad(3, "10:00:00"));
    took();
    restart(failing);
    pass(10min);
    EXPECT_EQ(took(), "Failing resolved");
}

TEST_F(EngineEvents, KeepTheirWindowsWhenTheRulesAreReplaced) {
    start(failing);
    event(bad(2, "10:00:00"));
    replace(failing);
    pass(1min);
    event(bad(3, "10:01:00"));
    EXPECT_EQ(took(), "Failing fired");
    replace("rules: []");
    EXPECT_EQ(took(), "Failing resolved");
}

TEST_F(EngineEvents, WithUnbelievableCountsAreHarmless) {
    start(failing);
    event(bad(-5, "10:00:00"));
    EXPECT_EQ(took(), "");
    event(R"({"metadata":{"uid":"e9"},"type":"Warning","reason":"Bad","count":9223372036854775807,
        "lastTimestamp":"2999-01-01T00:00:00Z","involvedObject":{"kind":"Pod","namespace":"shop","name":"x"}})");
    EXPECT_EQ(took(), "Failing fired");
    pass(10min);
    EXPECT_EQ(took(), "Failing resolved");
}

}  // namespace
}  // namespace klaw::rules
