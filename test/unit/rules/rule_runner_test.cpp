#include <gmock/gmock.h>

#include "rules/rule_test.hpp"

namespace klaw::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LoadReport rules() {
    auto report = loadRules({{"r.yaml", R"(group: g
rules:
  - alert: PodFailed
    resource: pods
    when: object.status.phase == "Failed"
    for: 2m
    facts: {reason: "${object.status.reason}"}
    title: "${object.metadata.name} failed"
  - alert: PodPending
    resource: pods
    when: object.status.phase == "Pending"
    title: "${object.metadata.name} waits"
  - alert: PodUnknown
    enabled: false
    resource: pods
    when: object.status.phase == "Unknown"
    title: "${object.metadata.name} is lost"
)"}});
    EXPECT_TRUE(report.ok());
    return report;
}

RuleTestReport reportOf(const std::string& text) {
    return runRuleTests({"t.yaml", text}, rules());
}

/// One test about PodFailed in which a Pod fails at the start and is mended by a patch after ten minutes.
RuleTestReport reportOfExpecting(const std::string& expectation) {
    return reportOf(R"(tests:
  - name: a Pod fails
    rule: PodFailed
    inputs:
      - {at: 0s, object: {kind: Pod, metadata: {name: web-1, namespace: shop}, status: {phase: Failed, reason: Error}}}
      - {at: 10m, patch: {kind: Pod, metadata: {name: web-1, namespace: shop}, status: {phase: Running, reason: null}}}
    expect:
      - )" + expectation);
}

std::vector<std::string> failuresWhenExpecting(const std::string& expectation) {
    return reportOfExpecting(expectation).failures;
}

TEST(RuleRunner, PassesWhatComesAsExpected) {
    for (const auto* expectation : {
             "{at: 1m, alerts: [{alert: PodFailed, state: pending}]}",
             "{at: 1m, alerts: []}",  // what is pending need not be listed
             "{at: 2m, alerts: [{alert: PodFailed, labels: {pod: web-1}, facts: {reason: Error}, title: web-1 "
             "failed}]}",
             "{at: 10m, alerts: []}",
         }) {
        auto report = reportOfExpecting(expectation);
        EXPECT_EQ(report.tests, 1u) << expectation;
        EXPECT_THAT(report.failures, IsEmpty()) << expectation;
    }
}

TEST(RuleRunner, SaysWhereAnExpectedAlertIsMissingAndWhatIsThereInstead) {
    EXPECT_THAT(failuresWhenExpecting("{at: 1m, alerts: [{alert: PodFailed}]}"),
                ElementsAre(testing::MatchesRegex(
                    "t.yaml:8:27: a Pod fails: at 1m: expected PodFailed firing, there is PodFailed\\{.*\\} pending")));
    EXPECT_THAT(failuresWhenExpecting("{at: 10m, alerts: [{alert: PodFailed}]}"),
                ElementsAre("t.yaml:8:28: a Pod fails: at 10m: expected PodFailed firing, there is no alert"));
}

TEST(RuleRunner, SaysWhichAlertWasNotExpected) {
    EXPECT_THAT(failuresWhenExpecting("{at: 2m, alerts: []}"),
                ElementsAre(testing::MatchesRegex(
                    "t.yaml:8:9: a Pod fails: at 2m: did not expect PodFailed\\{.*pod=\"web-1\".*\\} firing")));
}

struct Difference {
    const char* expected;
    const char* reported;
};

TEST(RuleRunner, SaysWhatDiffers) {
    for (const auto& [expected, reported] : {
             Difference{"title: web-2 failed", "title is \"web-1 failed\", not \"web-2 failed\""},
             Difference{"severity: critical", "severity is \"warning\", not \"critical\""},
             Difference{"facts: {reason: Evicted}", "fact reason is \"Error\", not \"Evicted\""},
             Difference{"facts: {node: n}", "fact node is \"\", not \"n\""},
             Difference{"startedBefore: true", "startedBefore is \"false\", not \"true\""},
             Difference{"count: 3", "count is \"1\", not \"3\""},
             Difference{"labels: {pod: web-2}", "expected PodFailed firing"},
         })
        EXPECT_THAT(failuresWhenExpecting("{at: 2m, alerts: [{alert: PodFailed, " + std::string(expected) + "}]}"),
                    testing::Contains(testing::HasSubstr(reported)))
            << expected;
}

TEST(RuleRunner, LooksAtTheExpectationsInTheOrderOfTime) {
    auto report = reportOf(R"(tests:
  - name: written backwards
    inputs:
      - {at: 3m, deleted: {kind: Pod, metadata: {name: web-1, namespace: shop}}}
      - {at: 0s, object: {kind: Pod, metadata: {name: web-1, namespace: shop}, status: {phase: Pending}}}
    expect:
      - {at: 3m, alerts: []}
      - {at: 1m, alerts: [{alert: PodPending}]}
)");
    EXPECT_THAT(report.failures, IsEmpty());
    EXPECT_THAT(report.testedRules, ElementsAre("PodPending"));
}

TEST(RuleRunner, LooksAtTheAlertsOfAllRulesUnlessOneIsNamed) {
    const std::string inputs = R"(
    inputs: [{at: 0s, object: {kind: Pod, metadata: {name: web-1}, status: {phase: Pending}}}]
    expect: [{at: 5m, alerts: []}])";
    EXPECT_EQ(reportOf("tests:\n  - name: of all" + inputs).failures.size(), 1u);
    EXPECT_THAT(reportOf("tests:\n  - name: of one\n    rule: PodFailed" + inputs).failures, IsEmpty());
}

TEST(RuleRunner, TakesForTestedOnlyWhatWasExpectedToFire) {
    EXPECT_THAT(reportOfExpecting("{at: 1m, alerts: [{alert: PodFailed, state: pending}]}").testedRules, IsEmpty());
    EXPECT_THAT(reportOfExpecting("{at: 2m, alerts: [{alert: PodFailed}]}").testedRules, ElementsAre("PodFailed"));
}

const std::string mended = R"(
      - {at: 0s, object: {kind: Pod, metadata: {name: web-1}, status: {phase: Failed}}}
      - {at: 10m, object: {kind: Pod, metadata: {name: web-1}, status: {phase: Running}}})";
const std::string expecting = R"(
    expect:
      - {at: 1m, alerts: []}
      - {at: 5m, alerts: [{alert: PodFailed}]}
      - {at: 10m, alerts: []})";

TEST(RuleRunner, TakesForQuietOnlyWhatHasSomethingThatNeverFires) {
    const std::string test = "tests:\n  - name: n\n    rule: PodFailed\n    inputs:";
    const std::string other =
        "\n      - {at: 0s, object: {kind: Pod, metadata: {name: fine}, status: {phase: Running}}}";
    const std::string job = "\n      - {at: 0s, object: {kind: Job, metadata: {name: fine}}}";
    EXPECT_THAT(reportOf(test + mended + expecting).quietRules, IsEmpty()) << "it is not quiet, it only waits";
    EXPECT_THAT(reportOf(test + mended + job + expecting).quietRules, IsEmpty()) << "the rule does not look at Jobs";
    EXPECT_THAT(reportOf(test + mended + other + expecting).quietRules, ElementsAre("PodFailed"));
    EXPECT_THAT(reportOf(test + mended + expecting).resolvedRules, ElementsAre("PodFailed"));
}

TEST(RuleRunner, RunsTestsOfRulesThatAreTurnedOff) {
    const std::string input = R"(
    inputs: [{at: 0s, object: {kind: Pod, metadata: {name: web-1}, status: {phase: Unknown}}}]
    expect: [{at: 0s, alerts: [{alert: PodUnknown}]}])";
    EXPECT_THAT(reportOf("tests:\n  - name: of it\n    rule: PodUnknown" + input).failures, IsEmpty());
    EXPECT_EQ(reportOf("tests:\n  - name: of all that run" + input).failures.size(), 1u);
}

struct Unusable {
    const char* text;
    const char* failure;
};

TEST(RuleRunner, RefusesTestsThatCouldNotFailOrDoNotFit) {
    for (const auto& [text, failure] : {
             Unusable{"", "t.yaml:1:1: the file has no tests"},
             Unusable{"tests: []", "t.yaml:1:1: the file has no tests"},
             Unusable{"tests:\n  - {name: n, inputs: []}", "t.yaml:2:5: the test expects nothing"},
             Unusable{"tests:\n  - {expect: [{at: 0s, alerts: []}]}", "t.yaml:2:5: the test has no name"},
             Unusable{"tests:\n  - {name: n, rule: PodFaild, expect: [{at: 0s, alerts: []}]}",
                      "t.yaml:2:5: n: there is no rule \"PodFaild\""},
             Unusable{"tests:\n  - {name: n, inputs: [{at: 0s}], expect: [{at: 0s}]}",
                      "t.yaml:2:24: an input needs one of"},
             Unusable{"tests:\n  - {name: n, inputs: [{at: 0s, patch: {kind: Pod, metadata: {name: a}}}], expect: "
                      "[{at: 0s}]}",
                      "there is no earlier object to patch"},
             Unusable{"tests:\n  - {name: n, inputs: [{at: 0s, object: {kind: Pod}}], expect: [{at: 0s}]}",
                      "an object needs `kind` and `metadata.name`"},
             Unusable{"tests:\n  - {name: n, expects: []}", "expects"},
             Unusable{"tests:\n  - {name: n, expect: [{at: 0s, alerts: [{alert: PodFailed, state: resolved}]}]}",
                      "state: expected pending or firing"},
             Unusable{"tests: [", "t.yaml:"},
         })
        EXPECT_THAT(reportOf(text).failures, testing::Contains(testing::HasSubstr(failure))) << text;
}

TEST(RuleRunner, FeedsSamplesResultsOfPromqlAndLostSources) {
    auto report = loadRules({{"r.yaml", R"(rules:
  - {alert: High, metric: cpu, threshold: "> 90%", for: 1m, title: t}
  - {alert: Errors, promql: x, threshold: "> 5", title: t}
  - {alert: Missing, event: {reason: Done}, absent: 1h, title: t}
)"}});
    ASSERT_TRUE(report.ok());
    auto result = runRuleTests({"t.yaml", R"(tests:
  - name: all kinds
    inputs:
      - {at: 0s, samples: [{metric: cpu, labels: {node: a}, value: 0.95, object: nodes/a}]}
      - {at: 2m, samples: [{labels: {service: shop}, value: 7}], promql: Errors, source: promql}
      - {at: 3m, lost: test}
      - {at: 61m, event: {reason: Done, involvedObject: {kind: Job, namespace: ops, name: backup}}}
    expect:
      - {at: 1m, alerts: [{alert: High, labels: {node: a}}]}
      - {at: 2m, alerts: [{alert: High}, {alert: Errors, labels: {service: shop}}]}
      - {at: 60m, alerts: [{alert: High}, {alert: Errors}, {alert: Missing}]}
      - {at: 62m, alerts: [{alert: High}, {alert: Errors}]}
)"},
                               report);
    EXPECT_THAT(result.failures, IsEmpty());
}

}  // namespace
}  // namespace klaw::rules
