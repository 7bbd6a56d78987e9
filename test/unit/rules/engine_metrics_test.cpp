#include <cmath>

#include "test/unit/rules/engine_test.hpp"

namespace klaw::rules {
namespace {

const std::string memoryHigh = R"(rules:
  - alert: MemoryHigh
    metric: node_memory_utilization
    threshold: "> 90%"
    clear: "< 85%"
    for: 5m
    title: "${labels.node} has ${shown} of its memory in use"
)";

Sample memoryOf(const char* node, double value) {
    return {"node_memory_utilization",
            {{"node", node}},
            value,
            {"c1", "nodes", "Node", "", node, std::string("uid-") + node},
            {}};
}

/// A series that no object of Kubernetes is known for.
Sample queue(double value) {
    return {"queue_length", {{"queue", "mail"}}, value, {}, {}};
}

class EngineMetrics : public EngineTest {
protected:
    /// The same reading each half minute.
    void steady(const std::vector<Sample>& all, Duration time) {
        for (Duration passed{}; passed < time; passed += 30s) {
            pass(30s);
            samples(all);
        }
    }
};

TEST_F(EngineMetrics, CrossTheThresholdForItsTimeAndClearBelowTheLowerOne) {
    start(memoryHigh);
    samples({memoryOf("a", 0.95), memoryOf("b", 0.5)});
    EXPECT_EQ(took(), "MemoryHigh pending");
    steady({memoryOf("a", 0.93), memoryOf("b", 0.5)}, 5min);
    EXPECT_EQ(took(), "MemoryHigh fired");
    EXPECT_EQ(only().title.en, "a has 93.0% of its memory in use") << "as last read before it fired";
    EXPECT_EQ(only().labels, (Labels{{"node", "a"}}));
    samples({memoryOf("a", 0.86), memoryOf("b", 0.5)});
    EXPECT_EQ(took(), "") << "between the thresholds";
    pass(30s);
    samples({memoryOf("a", 0.849), memoryOf("b", 0.5)});
    EXPECT_EQ(took(), "MemoryHigh resolved");
}

TEST_F(EngineMetrics, ShowTheCourseThatLedToTheAlertAndAtItsEndHowItWentOn) {  // I3
    start(memoryHigh);
    for (double value : {0.5, 0.91, 0.92, 0.93, 0.94}) {
        samples({memoryOf("a", value)});
        pass(75s);
    }
    EXPECT_EQ(took(), "MemoryHigh pending, MemoryHigh fired");
    EXPECT_EQ(only().facts.at("trend"), "▁▂▅▇ 91.0% … 94.0%") << "nothing is kept of a series without an alert";
    for (double value : {0.96, 0.99, 0.78}) {
        EXPECT_EQ(took(), "") << "a value moves all the time";
        samples({memoryOf("a", value)});
        pass(30s);
    }
    EXPECT_EQ(took(), "MemoryHigh resolved");
    EXPECT_EQ(stored().at(0).facts.at("trend"), "▅▅▅▅▇▇▁ 78.0% … 99.0%");
}

TEST_F(EngineMetrics, ShowTheReadingsOfTheirWindowOrWhatIsMadeOfThem) {  // I3
    start(R"(rules:
  - {alert: Full, metric: 'max_over_time(queue_length[2m])', threshold: '> 10', title: t}
  - {alert: Growing, metric: 'increase(queue_length[1m])', threshold: '> 2', title: t}
)");
    for (double value : {1, 2, 3, 4, 5, 8, 11}) {
        samples({queue(value)});
        pass(30s);
    }
    std::map<std::string, std::string> trends;
    engine_->forEachAlert([&](const Alert& alert) { trends[alert.rule] = alert.facts.at("trend"); });
    EXPECT_EQ(trends, (std::map<std::string, std::string>{{"Full", "▁▁▂▅▇ 3 … 11"}, {"Growing", "▁▁▁▇ 2 … 4"}}));
}

TEST_F(EngineMetrics, LeaveARulesOwnFactOfThatName) {
    start(
        "rules:\n  - alert: Q\n    metric: max_over_time(queue_length[1m])\n    threshold: \"> 10\"\n    title: t\n"
        "    facts: {trend: 'own ${shown}'}\n");
    for (double value : {1, 5, 11, 12}) {
        samples({queue(value)});
        pass(30s);
    }
    EXPECT_EQ(only().facts.at("trend"), "own 11");
}

TEST_F(EngineMetrics, MovingValuesDoNotChangeTheCard) {
    start(memoryHigh);
    steady({memoryOf("a", 0.95)}, 6min);
    took();
    for (double value : {0.91, 0.99, 0.97}) {
        pass(30s);
        samples({memoryOf("a", value)});
    }
    EXPECT_EQ(took(), "");
}

TEST_F(EngineMetrics, ThatAreLostNeitherFireNorResolve) {
    start(memoryHigh);
    samples({memoryOf("a", 0.95)});
    pass(1min);
    lost();
    pass(1h);
    EXPECT_EQ(took(), "MemoryHigh pending") << "nobody knows whether it held for its time";
    samples({memoryOf("a", 0.95)});
    EXPECT_EQ(took(), "MemoryHigh fired");
    lost();
    EXPECT_EQ(took(), "MemoryHigh changed");
    EXPECT_EQ(only().noDataSince, now_);
    pass(1h);
    lost();
    EXPECT_EQ(took(), "") << "said once";
    samples({memoryOf("a", 0.95)});
    EXPECT_EQ(took(), "MemoryHigh changed");
    EXPECT_FALSE(only().noDataSince);
}

TEST_F(EngineMetrics, ThatAreNotANumberAreNoData) {
    start(memoryHigh);
    steady({memoryOf("a", 0.95)}, 6min);
    took();
    samples({memoryOf("a", std::nan(""))});
    EXPECT_EQ(took(), "MemoryHigh changed");
    EXPECT_TRUE(only().noDataSince);
}

TEST_F(EngineMetrics, OfAnObjectThatIsNotNamedAnyMoreAreNoDataUntilItIsDeleted) {
    start(memoryHigh + R"(  - alert: NodeGone
    resource: nodes
    when: object.metadata.name == "never"
)");
    put(R"({"metadata":{"name":"a","uid":"uid-a"}})", "nodes");
    steady({memoryOf("a", 0.95)}, 6min);
    took();
    steady({}, 1min);
    EXPECT_EQ(took(), "MemoryHigh changed");
    EXPECT_TRUE(only().noDataSince);
    remove("uid-a", "nodes");
    EXPECT_EQ(took(), "MemoryHigh resolved");
}

TEST_F(EngineMetrics, OfASeriesWithoutAnObjectEndWithTheSeriesAfterOneMiss) {
    start("rules:\n  - alert: QueueLong\n    metric: queue_length\n    threshold: \"> 10\"\n    title: t\n");
    samples({queue(11)});
    EXPECT_EQ(took(), "QueueLong fired");
    pass(30s);
    samples({});
    EXPECT_EQ(took(), "");
    pass(30s);
    samples({});
    EXPECT_EQ(took(), "QueueLong resolved");
}

TEST_F(EngineMetrics, OfOneSourceSayNothingOfAnother) {
    start("rules:\n  - alert: QueueLong\n    metric: queue_length\n    threshold: \"> 10\"\n    title: t\n");
    samples({queue(11)}, "first");
    took();
    for (int i = 0; i < 3; ++i) {
        pass(30s);
        samples({}, "second");
        lost("third");
    }
    EXPECT_EQ(took(), "");
}

TEST_F(EngineMetrics, OverAWindowAreJudgedOnceTheyCoverIt) {
    start(
        "rules:\n  - alert: Errors\n    metric: increase(errors_total[5m])\n    threshold: \"> 10\"\n    title: "
        "\"${shown}\"\n");
    double total = 100;
    auto scrape = [&](double step) {
        total += step;
        samples({{"errors_total", {}, total, {}, {}}});
        pass(1min);
    };
    for (int i = 0; i < 4; ++i) scrape(3);
    EXPECT_EQ(took(), "") << "4 of 5 minutes are not known yet";
    scrape(3);
    EXPECT_EQ(took(), "Errors fired");
    EXPECT_EQ(only().title.en, "12");
    total = 0;  // the process restarted
    scrape(4);
    EXPECT_EQ(took(), "");
    for (int i = 0; i < 5; ++i) scrape(0);
    EXPECT_EQ(took(), "Errors resolved");
}

TEST_F(EngineMetrics, AfterARestartWaitForTheirSeriesBeforeAnythingChanges) {
    start(memoryHigh);
    samples({memoryOf("a", 0.95)});
    pass(2min);
    restart(memoryHigh);
    pass(10min);
    EXPECT_EQ(took(), "MemoryHigh pending");
    samples({memoryOf("a", 0.95)});
    EXPECT_EQ(took(), "MemoryHigh fired") << "`for` goes on from before the restart";
    restart(memoryHigh);
    for (int i = 0; i < 11; ++i) {
        pass(30s);
        samples({memoryOf("b", 0.1)});
    }
    EXPECT_EQ(took(), "MemoryHigh resolved") << "nobody has named the series for five minutes";
}

TEST_F(EngineMetrics, OfAPromqlRuleAreItsOwnResultAndEndWithIt) {
    start(
        "rules:\n  - alert: ErrorRate\n    promql: sum by (service) (rate(x[5m]))\n    threshold: \"> 5\"\n    title: "
        "\"${labels.service}\"\n");
    samples({{"", {{"service", "shop"}}, 9, {}, {}}, {"", {{"service", "web"}}, 1, {}, {}}}, "promql", "ErrorRate");
    EXPECT_EQ(took(), "ErrorRate fired");
    EXPECT_EQ(only().title.en, "shop");
    pass(30s);
    samples({{"", {{"service", "web"}}, 1, {}, {}}}, "promql", "ErrorRate");
    EXPECT_EQ(took(), "ErrorRate resolved");
}

TEST_F(EngineMetrics, ThatFlapAreHeldOpenUntilTheyAreQuietAndSaySo) {
    start("rules:\n  - alert: QueueLong\n    metric: queue_length\n    threshold: \"> 10\"\n    title: t\n");
    for (int i = 0; i < 2; ++i) {
        samples({queue(11)});
        pass(1min);
        samples({queue(9)});
        pass(1min);
    }
    EXPECT_EQ(took(), "QueueLong fired, QueueLong resolved, QueueLong fired, QueueLong resolved");
    for (int i = 0; i < 5; ++i) {
        samples({queue(11)});
        pass(1min);
        samples({queue(9)});
        pass(1min);
    }
    EXPECT_EQ(took(), "QueueLong fired");
    EXPECT_TRUE(only().flapping);
    pass(8min);
    EXPECT_EQ(took(), "");
    pass(1min);
    EXPECT_EQ(took(), "QueueLong resolved");
}

TEST_F(EngineMetrics, ThatFlapDoSoAfterARestartAndAreQuietFromWhenTheyWere) {
    auto rule = "rules:\n  - alert: QueueLong\n    metric: queue_length\n    threshold: \"> 10\"\n    title: t\n";
    start(rule);
    for (int i = 0; i < 2; ++i) {
        samples({queue(11)});
        pass(1min);
        samples({queue(9)});
        pass(1min);
    }
    took();
    restart(rule, now_);
    samples({queue(11)});
    EXPECT_EQ(took(), "QueueLong fired");
    EXPECT_TRUE(only().flapping);
    samples({queue(9)});
    pass(8min);
    restart(rule, now_);
    samples({queue(9)});
    pass(2min - 1s);
    EXPECT_EQ(took(), "");
    pass(1s);
    EXPECT_EQ(took(), "QueueLong resolved") << "ten minutes of quiet, most of them before the restart";
}

TEST_F(EngineMetrics, HaveTheirWindowsAlsoAfterARestart) {
    auto rule = R"(rules:
  - {alert: FullSoon, metric: 'time_to_zero(queue_length[6h])', threshold: "< 4h", title: t}
)";
    auto minutes = [&](int from, int to) {
        for (int minute = from; minute < to; ++minute) {
            samples({queue(10000.0 - 16 * minute)});
            pass(1min);
        }
    };
    start(rule);
    minutes(0, 5 * 60);
    EXPECT_EQ(took(), "") << "full in more than four hours";
    EXPECT_EQ(engine_->windowNotCovered(engine_->rules().rules()[0]), "");
    restart(rule);
    pass(10min);
    minutes(310, 390);
    EXPECT_EQ(took(), "FullSoon fired") << "the window was covered before";
    restart(
        "rules:\n  - {alert: FullSoon, metric: 'avg_over_time(queue_length[6h])', threshold: \"< 4h\", title: t}\n");
    samples({queue(1)});
    pass(1min);
    samples({queue(1)});
    EXPECT_EQ(engine_->windowNotCovered(engine_->rules().rules()[0]),
              "the window of 6h is not covered before 2026-11-23T21:19:00Z")
        << "readings of another function are of no use";
}

class EngineAbsence : public EngineTest {
protected:
    const std::string backup = R"(rules:
  - alert: BackupMissing
    event: {reason: BackupSucceeded}
    absent: 26h
    title: "no backup in ${cluster}"
)";
    void backupAt(const char* time) {
        event(std::string(
                  R"({"metadata":{"uid":"b"},"type":"Normal","reason":"BackupSucceeded","count":1,"lastTimestamp":")") +
              time + R"(","involvedObject":{"kind":"CronJob","namespace":"ops","name":"backup","uid":"cj"}})");
    }
};

TEST_F(EngineAbsence, FiresWhenNothingCameForItsTimeAndEndsWhenItComes) {
    start(backup);
    listCompleted("events", {});
    pass(25h);
    EXPECT_EQ(took(), "");
    pass(1h);
    EXPECT_EQ(took(), "BackupMissing fired");
    EXPECT_EQ(only().title.en, "no backup in c1");
    backupAt("2026-11-24T12:00:00Z");
    EXPECT_EQ(took(), "BackupMissing resolved");
    pass(26h);
    EXPECT_EQ(took(), "BackupMissing fired");
}

TEST_F(EngineAbsence, CountsFromTheLastOneAcrossARestart) {
    start(backup);
    listCompleted("events", {});
    backupAt("2026-11-23T10:00:00Z");
    pass(20h);
    restart(backup, now_ - 10min);
    listCompleted("events", {});
    pass(5h);
    EXPECT_EQ(took(), "");
    pass(1h);
    EXPECT_EQ(took(), "BackupMissing fired");
    restart(backup, now_);
    listCompleted("events", {});
    pass(1h);
    EXPECT_EQ(took(), "") << "it goes on firing, and is not said again";
    backupAt("2026-11-24T13:00:00Z");
    EXPECT_EQ(took(), "BackupMissing resolved");
}

TEST_F(EngineAbsence, WaitsAnewAfterAPauseInWhichItMayHaveCome) {
    start(backup);
    listCompleted("events", {});
    backupAt("2026-11-23T10:00:00Z");
    pass(20h);
    restart(backup, now_ - 2h);
    listCompleted("events", {});
    pass(25h);
    EXPECT_EQ(took(), "");
    pass(1h);
    EXPECT_EQ(took(), "BackupMissing fired");
}

TEST_F(EngineAbsence, OfAMetricBeginsWhenMetricsAreLookedAt) {
    start("rules:\n  - alert: Silent\n    metric: heartbeat{job=\"cron\"}\n    absent: 10m\n    title: t\n");
    pass(1h);
    EXPECT_EQ(took(), "");
    samples({{"heartbeat", {{"job", "other"}}, 1, {}, {}}});
    pass(10min);
    EXPECT_EQ(took(), "Silent fired");
    EXPECT_EQ(only().labels, (Labels{{"job", "cron"}}));
    samples({{"heartbeat", {{"job", "cron"}}, 1, {}, {}}});
    EXPECT_EQ(took(), "Silent resolved");
}

}  // namespace
}  // namespace klaw::rules
