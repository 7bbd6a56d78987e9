#include <gtest/gtest.h>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {
namespace {

/// All errors of one file, one a line.
std::string errorsOf(const std::string& yaml) {
    std::string text;
    for (const auto& error : loadRules({{"r.yaml", yaml}}).errors)
        text += (text.empty() ? "" : "\n") + error.place + ": " + error.message;
    return text;
}

const std::string minimal = R"(group: g
rules:
  - alert: A
    resource: pods
    when: object.status.phase == "Failed"
    title: failed
)";

struct Refused {
    const char* name;
    const char* yaml;
    const char* error;
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
    return out << refused.name;
}

class Loader : public testing::TestWithParam<Refused> {};

TEST_P(Loader, RefusesWithThePlace) {
    EXPECT_EQ(errorsOf(GetParam().yaml), GetParam().error);
}

// clang-format off
const Refused refused[] = {
    {"UnknownKey", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    sevirity: info\n",
     "r.yaml:5:5: unknown key \"sevirity\" in a rule"},
    {"UnknownKeyOfTheFile", "rulez: []\nrules: []\n", "r.yaml:1:1: unknown key \"rulez\" in a rule file"},
    {"UnknownResource", "rules:\n  - alert: A\n    resource: podz\n    when: 'true'\n",
     "r.yaml:3:15: resource: unknown resource \"podz\""},
    {"EventsAsObjects", "rules:\n  - alert: A\n    resource: events\n    when: 'true'\n",
     "r.yaml:3:15: resource: Events are counted, not looked at as objects"},
    {"NoCondition", "rules:\n  - alert: A\n    resource: pods\n", "r.yaml:2:5: the rule has no condition"},
    {"NoName", "rules:\n  - resource: pods\n    when: 'true'\n", "r.yaml:2:5: the rule has no name"},
    {"BadName", "rules:\n  - alert: no name\n    resource: pods\n    when: 'true'\n", "r.yaml:2:12: alert: \"no name\" is no name"},
    {"BadDuration", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    for: soon\n", "r.yaml:5:10: for: \"soon\" is no duration"},
    {"NegativeDuration", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    for: -5m\n", "r.yaml:5:10: for: \"-5m\" is no duration"},
    {"BadSeverity", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    severity: fatal\n", "r.yaml:5:15: severity: unknown value \"fatal\""},
    {"UnknownEnrichment", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    enrich: [logs, event]\n", "r.yaml:5:20: enrich: unknown value \"event\""},
    {"UnknownAction", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    actions: [logs, discribe]\n", "r.yaml:5:21: actions: there is no action \"discribe\""},
    {"WaitAnewWithoutFor", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    wait_anew: \"${object.kind}\"\n", "r.yaml:5:16: `wait_anew` needs `for`: without it nothing waits"},
    {"WaitAnewByTheClock", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    for: 1m\n    wait_anew: \"${now}\"\n", "r.yaml:6:16: `wait_anew` cannot read `now`: the wait would never end"},
    {"WaitAnewOfAnEvent", "rules:\n  - alert: A\n    event: {reason: X}\n    wait_anew: x\n", "r.yaml:4:16: `not_before` and `wait_anew` are for rules about a resource"},
    {"BadThreshold", "rules:\n  - alert: A\n    event: {reason: X}\n    threshold: 3 in 10m\n", "r.yaml:4:16: threshold: cannot read \"3 in 10m\""},
    {"ThresholdOfNothing", "rules:\n  - alert: A\n    event: {reason: X}\n    threshold: \">= 0 in 10m\"\n", "r.yaml:4:16: threshold: cannot read \">= 0 in 10m\""},
    {"ResourceAndEvent", "rules:\n  - alert: A\n    event: {reason: X}\n    resource: pods\n", "r.yaml:3:12: a rule is about one thing: `resource`, `event`, `metric` or `promql`"},
    {"ThresholdOfResource", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    threshold: \">= 3 in 10m\"\n", "r.yaml:5:16: `threshold` of a resource needs `occurrence`: what is counted"},
    {"EachOfEvents", "rules:\n  - alert: A\n    event: {reason: X}\n    each: event.list\n", "r.yaml:4:11: `each`, `since` and `occurrence` are for rules about a resource"},
    {"NowAndOld", "rules:\n  - alert: A\n    resource: pods\n    when: old.kind == object.kind && now > timestamp(object.kind)\n",
     "r.yaml:4:11: a condition cannot read both `now` and `old`"},
    {"NowInALabel", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    labels: {at: \"${now}\"}\n", "r.yaml:5:18: labels: a label cannot read `now`"},
    {"NowInATitle", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    title: \"${now}\"\n",
     "r.yaml:5:12: a text cannot read `now`: the card would change all the time"},
    {"OldInATitleOnly", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    title: \"${old.kind}\"\n",
     "r.yaml:5:12: only a rule whose condition reads `old` can show it"},
    {"ReservedLabel", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    labels: {cluster: x}\n", "r.yaml:5:23: labels: \"cluster\" is set by Klaw"},
    {"OccurrenceWithoutEnd", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    occurrence: \"${object.kind}\"\n",
     "r.yaml:5:17: `occurrence` needs `keep_firing_for`, or the alert would never end"},
    {"MetricWithoutThreshold", "rules:\n  - alert: A\n    metric: cpu\n", "r.yaml:2:5: the rule has no threshold"},
    {"MetricThresholdOfAnEvent", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \">= 3 in 10m\"\n",
     "r.yaml:4:16: threshold: cannot read \">= 3 in 10m\""},
    {"MetricThatIsPromql", "rules:\n  - alert: A\n    metric: sum(cpu)\n    threshold: \"> 3\"\n",
     "r.yaml:3:13: metric: the function \"sum\" is not known here"},
    {"MetricWithAnOccurrence", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \"> 3\"\n    occurrence: x\n",
     "r.yaml:5:17: `each`, `since` and `occurrence` are for rules about a resource"},
    {"AbsenceWithACondition", "rules:\n  - alert: A\n    metric: cpu\n    absent: 3h\n    when: 'true'\n",
     "r.yaml:5:11: `absent` looks at no value, so it has no `when`"},
    {"OverrideOfAList", "rules:\n  - alert: A\n    override: [B]\n    resource: pods\n    when: 'true'\n",
     "r.yaml:3:15: override: expected a text"},
    {"ClearWithinThreshold", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \">= 3\"\n    clear: \"<= 3\"\n",
     "r.yaml:5:12: clear: a value could meet `threshold` and `clear` at once"},
    {"EveryOfAMetric", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \"> 3\"\n    every: 30s\n",
     "r.yaml:5:12: `every` is for PromQL; metrics come as often as their source is asked"},
    {"AbsenceWithThreshold", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \"> 3\"\n    absent: 10m\n",
     "r.yaml:4:16: a rule has a threshold or looks for absence, not both"},
    {"AbsenceByObject", "rules:\n  - alert: A\n    event: {reason: X}\n    per: [namespace]\n    absent: 10m\n",
     "r.yaml:4:10: what never came cannot be told apart: `absent` has no `per`"},
    {"AbsenceReadsTheEvent", "rules:\n  - alert: A\n    event: {reason: X}\n    absent: 10m\n    title: \"${event.message}\"\n",
     "r.yaml:5:15: undeclared reference to 'event' (in container '')"},
    {"InhibitedByItself", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    inhibited_by: [{alert: A, equal: [cluster]}]\n",
     "r.yaml:2:5: inhibited_by: a rule cannot inhibit itself"},
    {"InhibitedEverywhere", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    inhibited_by: [{alert: B}]\n",
     "r.yaml:5:20: inhibited_by: without `equal` the alert anywhere would silence this one everywhere"},
    {"NewerLanguage", "required_engine_version: 2\nrules: []\n",
     "r.yaml:1:26: the file needs version 2 of the rule language, this is version 1"},
    {"NothingToOverride", "rules:\n  - alert: A\n    override: true\n    resource: pods\n    when: 'true'\n",
     "r.yaml:2:5: there is no earlier rule \"A\" to override"},
    {"ClockAsANumber", "rules:\n  - alert: A\n    resource: pods\n    when: now > 5\n",
     "r.yaml:4:15: found no matching overload for '_>_' applied to '(google.protobuf.Timestamp, int)'"},
    {"ClusterAsANumber", "rules:\n  - alert: A\n    event: {reason: X}\n    when: cluster == 1\n",
     "r.yaml:4:19: found no matching overload for '_==_' applied to '(string, int)'"},
    {"ValueAsAText", "rules:\n  - alert: A\n    metric: cpu\n    threshold: \"> 3\"\n    when: value.startsWith(\"x\")\n",
     "r.yaml:5:27: found no matching overload for 'startsWith' applied to 'double.(string)'"},
    {"ConditionThatIsANumber", "rules:\n  - alert: A\n    resource: pods\n    when: \"1 + 1\"\n",
     "r.yaml:4:14: expected type 'bool' but found 'int'"},
    {"WindowOfEventsBeyondMemory", "rules:\n  - alert: A\n    event: {reason: X}\n    threshold: \">= 3 in 8d\"\n",
     "r.yaml:4:16: threshold: a window has at most 7d"},
    {"WindowOverAMetricBeyondMemory", "rules:\n  - alert: A\n    metric: avg_over_time(cpu[8d])\n    threshold: \"> 3\"\n",
     "r.yaml:3:13: metric: a window has at most 7d"},
    {"NoRules", "group: g\n", "r.yaml:1:1: the file has no rules"},
    {"TwoDocuments", "rules: []\n---\nrules: []\n", "r.yaml:2:1: more than one YAML document in the file"},
    {"TypeMismatch", "rules: yes\n", "r.yaml:1:8: rules: expected a list"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Files, Loader, testing::ValuesIn(refused), [](const auto& info) { return info.param.name; });

TEST(LoaderErrors, InAnExpressionPointIntoIt) {
    auto report = loadRules({{"r.yaml", "rules:\n  - alert: A\n    resource: pods\n    when: object.a == wrong\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].place, "r.yaml:4:23");
}

TEST(LoaderErrors, InAMultiLineExpressionPointToItsLine) {
    auto report = loadRules({{"r.yaml",
                              "rules:\n  - alert: A\n    resource: pods\n    when: |-\n      object.a == 1 &&\n      "
                              "object.b == wrong\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].place, "r.yaml:6:19");
}

TEST(LoaderErrors, InATemplatePointBehindItsBrace) {
    auto report = loadRules(
        {{"r.yaml", "rules:\n  - alert: A\n    resource: pods\n    when: 'true'\n    title: \"Pod ${wrong}\"\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].place, "r.yaml:5:19");
}

TEST(LoaderErrors, AllOfAFileAreReported) {
    EXPECT_EQ(errorsOf("rules:\n  - alert: A\n    resource: podz\n    when: 'true'\n    for: soon\n  - alert: B\n"),
              "r.yaml:5:10: for: \"soon\" is no duration\n"
              "r.yaml:3:15: resource: unknown resource \"podz\"\n"
              "r.yaml:6:5: the rule says neither `resource`, `event`, `metric` nor `promql`");
}

TEST(LoaderErrors, SuggestTheNearestName) {
    auto report =
        loadRules({{"r.yaml", "rules:\n  - alert: A\n    resource: podz\n    when: 'true'\n    sevirity: info\n"}});
    ASSERT_EQ(report.errors.size(), 2u);
    EXPECT_EQ(report.errors[0].remedy, "did you mean \"severity\"?");
    EXPECT_EQ(report.errors[1].remedy, "did you mean \"pods\"?");
}

TEST(LoaderFiles, WithAnErrorContributeNothingWhileOthersDo) {
    auto good = minimal;
    auto report =
        loadRules({{"good.yaml", good},
                   {"bad.yaml", "rules:\n  - alert: B\n    resource: pods\n    when: 'true'\n  - alert: C\n"}});
    EXPECT_FALSE(report.ok());
    EXPECT_NE(report.rules->find("A"), nullptr);
    EXPECT_EQ(report.rules->find("B"), nullptr);
}

TEST(LoaderFiles, WithoutRulesSayThatTheyMeanIt) {
    auto report = loadRules({{"comment.yaml", "# nothing yet\n"}, {"list.yaml", "rules: []\n"}});
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(report.rules->rules().empty());
}

TEST(LoaderFiles, OfNoBytesAreTakenForUnfinished) {
    auto report = loadRules({{"empty.yaml", ""}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].describe(),
              "empty.yaml:1:1: the file is empty (write `rules: []` to have no rules in it)");
}

TEST(LoaderFiles, MayNotDefineARuleOfAnother) {
    auto report = loadRules({{"one.yaml", minimal}, {"two.yaml", minimal}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].place, "two.yaml:3:12");
    EXPECT_EQ(report.errors[0].message, "the rule \"A\" is already defined at one.yaml:3:5");
}

TEST(LoaderFiles, OverrideOnlyWhatTheySay) {
    auto report =
        loadRules({{"one.yaml", minimal},
                   {"two.yaml", "rules:\n  - alert: A\n    override: true\n    for: 1s\n    severity: info\n"}});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report.rules->rules().size(), 1u);
    const auto& rule = report.rules->rules()[0];
    EXPECT_EQ(rule.holdFor, 1s);
    EXPECT_EQ(rule.severity, Severity::Info);
    EXPECT_EQ(rule.resources, std::vector<std::string>{"pods"});
    EXPECT_EQ(rule.title.render({}).en, "failed");
}

TEST(LoaderFiles, MayTurnARuleOff) {
    auto report = loadRules(
        {{"one.yaml", minimal}, {"two.yaml", "rules:\n  - alert: A\n    override: true\n    enabled: false\n"}});
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.rules->find("A"), nullptr);
}

TEST(LoaderFiles, RenameARuleWithAllThatRefersToIt) {
    auto dependent = minimal + R"(  - alert: B
    resource: pods
    when: object.status.phase == "Pending"
    title: pending
    inhibited_by: [{alert: A, equal: [cluster]}]
)";
    auto report = loadRules({{"one.yaml", dependent},
                             {"two.yaml", "rules:\n  - alert: KubeA\n    override: A\n    for: 15m\n"},
                             {"three.yaml", "rules:\n  - alert: KubeA\n    override: true\n    severity: info\n"}});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report.rules->rules().size(), 2u);
    EXPECT_EQ(report.rules->find("A"), nullptr);
    const auto* renamed = report.rules->find("KubeA");
    ASSERT_NE(renamed, nullptr);
    EXPECT_EQ(renamed->formerName, "A");
    EXPECT_EQ(renamed->holdFor, 15min);
    EXPECT_EQ(renamed->severity, Severity::Info);
    EXPECT_EQ(renamed->title.render({}).en, "failed");
    EXPECT_EQ(report.rules->find("B")->inhibitedBy[0].alert, "KubeA");
}

TEST(LoaderFiles, MayNotRenameTwiceOrToAKnownName) {
    const std::string twice = "rules:\n  - {alert: C, override: A}\n  - {alert: D, override: A}\n";
    EXPECT_EQ(loadRules({{"one.yaml", minimal}, {"two.yaml", twice}}).errors.size(), 1u);
    auto other = minimal + "  - {alert: B, resource: pods, when: 'true', title: b}\n";
    auto report = loadRules({{"one.yaml", other}, {"two.yaml", "rules:\n  - {alert: B, override: A}\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].message, "the rule \"B\" is already defined at one.yaml:7:5");
}

TEST(LoaderFiles, GiveDefaultsToTheirRules) {
    auto report = loadRules({{"r.yaml", R"(group: g
defaults: {severity: critical, for: 2m, notify: [oncall], ring: phone}
rules:
  - {alert: A, resource: deploy, when: "true", title: a}
  - {alert: B, resource: po, when: "true", title: b, for: 0s, ring: none}
)"}});
    ASSERT_TRUE(report.ok());
    const auto* first = report.rules->find("A");
    EXPECT_EQ(first->severity, Severity::Critical);
    EXPECT_EQ(first->holdFor, 2min);
    EXPECT_EQ(first->notify, std::vector<std::string>{"oncall"});
    EXPECT_EQ(first->resources, std::vector<std::string>{"deployments.apps"});
    EXPECT_EQ(first->group, "g");
    EXPECT_EQ(report.rules->find("B")->holdFor, Duration{});
    EXPECT_EQ(first->ring, Ring::Phone);
    EXPECT_EQ(report.rules->find("B")->ring, Ring::None);
}

TEST(LoaderFiles, SayHowPeopleAreRungInWordsThatThereAre) {
    EXPECT_EQ(errorsOf("rules:\n  - {alert: A, resource: po, when: \"true\", title: a, ring: bell}\n"),
              "r.yaml:2:60: ring: nobody can be rung by \"bell\"");
}

TEST(LoaderFiles, ThatAreHostileAreRefused) {
    EXPECT_NE(errorsOf("rules: " + std::string(10'000, '[')).find("nested more than"), std::string::npos);
    EXPECT_NE(errorsOf(std::string(50'000'000, '#')).find("more than the limit"), std::string::npos);
    EXPECT_NE(errorsOf("rules: [\"unclosed").find("not well-formed YAML"), std::string::npos);
    EXPECT_NE(errorsOf(std::string("\0\xff\xfe", 3)), "");
}

TEST(LoaderFiles, WarnOfARuleThatCountsEveryEvent) {
    auto report = loadRules({{"r.yaml", "rules:\n  - alert: A\n    event: {type: Warning}\n    title: t\n"}});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report.warnings.size(), 1u);
    EXPECT_EQ(report.warnings[0].message, "the rule counts events of every reason");
}

TEST(Loader, WarnsOfAnInhibitorThatNoRuleIs) {
    auto report = loadRules({{"a.yaml", R"(rules:
  - alert: NodeNotReady
    resource: nodes
    when: "true"
    title: t
  - alert: PodNotReady
    resource: pods
    when: "true"
    title: t
    inhibited_by: [{alert: NodeNotRedy, equal: [node]}]
)"}});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report.warnings.size(), 1u);
    EXPECT_EQ(report.warnings[0].describe(),
              "a.yaml:6: inhibited_by of PodNotReady: no rule is called \"NodeNotRedy\" (did you mean NodeNotReady?)");
}

}  // namespace
}  // namespace klaw::rules
