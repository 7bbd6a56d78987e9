#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "rules/rule_table.hpp"
#include "rules/rule_test.hpp"

namespace klaw::rules {
namespace {

/// The files of a directory under rules/default, in the order in which the agent loads them: by name.
std::vector<RuleSource> packFiles(const std::string& pack, bool tests) {
    std::vector<RuleSource> sources;
    for (const auto& entry : std::filesystem::directory_iterator(KLAW_SOURCE_DIR "/rules/default/" + pack)) {
        auto name = entry.path().filename().string();
        if (!name.ends_with(".yaml") || name.ends_with("_test.yaml") != tests) continue;
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        sources.push_back({pack + "/" + name, text.str()});
    }
    std::ranges::sort(sources, {}, &RuleSource::name);
    return sources;
}

/// The pack as the agent loads it: `mixin` changes what `fast` says.
LoadReport loadPack(const std::string& pack) {
    auto files = packFiles("fast", false);
    if (pack == "mixin")
        for (auto& file : packFiles("mixin", false)) files.push_back(std::move(file));
    return loadRules(files);
}

std::string described(const std::vector<Error>& errors) {
    std::string text;
    for (const auto& error : errors) text += error.describe() + "\n";
    return text;
}

bool isChinese(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

class DefaultPack : public testing::TestWithParam<const char*> {
protected:
    std::shared_ptr<const RuleSet> rules() const { return loadPack(GetParam()).rules; }
};

TEST_P(DefaultPack, LoadsWithoutErrorsAndWarnings) {
    auto report = loadPack(GetParam());
    EXPECT_EQ(described(report.errors), "");
    EXPECT_EQ(described(report.warnings), "");
    EXPECT_GE(report.rules->rules().size(), 48u);
}

TEST_P(DefaultPack, NeedsNoNormalEvents) {
    EXPECT_TRUE(rules()->warningEventsOnly());
}

TEST_P(DefaultPack, SaysEverythingInBothLanguages) {
    auto all = rules();
    for (const auto& rule : all->rules()) {
        EXPECT_FALSE(rule.title.en.source().empty()) << rule.name;
        EXPECT_FALSE(isChinese(rule.title.en.source())) << rule.name;
        EXPECT_TRUE(isChinese(rule.title.zh.source())) << rule.name;
        EXPECT_FALSE(rule.description.en.source().empty()) << rule.name;
        EXPECT_FALSE(isChinese(rule.description.en.source())) << rule.name;
        EXPECT_FALSE(rule.description.zh.source().empty()) << rule.name;
    }
}

TEST_P(DefaultPack, SaysWhatToReadAndWhatToDo) {
    auto all = rules();
    for (const auto& rule : all->rules()) {
        EXPECT_TRUE(rule.runbook.en.source().starts_with("https://")) << rule.name;
        EXPECT_FALSE(rule.actions.empty()) << rule.name;
    }
}

TEST_P(DefaultPack, IsInhibitedByRulesThatItHas) {
    auto all = rules();
    for (const auto& rule : all->rules())
        for (const auto& inhibitor : rule.inhibitedBy)
            EXPECT_NE(all->find(inhibitor.alert), nullptr) << rule.name << " by " << inhibitor.alert;
}

INSTANTIATE_TEST_SUITE_P(Packs, DefaultPack, testing::Values("fast", "mixin"));

TEST(FastPack, KeepsTheNamesThatEndToEndTestsAndRunbooksKnow) {
    auto rules = loadPack("fast").rules;
    for (const auto* name : {"PodUnschedulable", "ImagePullFailing", "PodCrashLooping", "PodOOMKilled", "NodeNotReady",
                             "JobFailed", "DeploymentRolloutStuck", "PersistentVolumeClaimPending"})
        EXPECT_NE(rules->find(name), nullptr) << name;
}

/// Names of rules for which the tests of a pack hold each of the three cases.
struct Tested {
    explicit Tested(const std::string& pack) {
        auto rules = loadPack(pack).rules;
        for (const auto& source : packFiles(pack, true)) {
            auto report = runRuleTests(source, rules);
            fires.insert(report.testedRules.begin(), report.testedRules.end());
            quiet.insert(report.quietRules.begin(), report.quietRules.end());
            resolves.insert(report.resolvedRules.begin(), report.resolvedRules.end());
        }
    }
    void expectAll(const std::string& rule) const {
        EXPECT_TRUE(fires.contains(rule)) << rule << " has no test in which it fires";
        EXPECT_TRUE(quiet.contains(rule)) << rule << " has no test in which it does not fire";
        EXPECT_TRUE(resolves.contains(rule)) << rule << " has no test in which it resolves";
    }
    std::set<std::string> fires, quiet, resolves;
};

TEST(FastPack, HasAPositiveANegativeAndAResolvingTestOfEachRule) {
    const Tested tested("fast");
    auto rules = loadPack("fast").rules;
    for (const auto& rule : rules->rules()) tested.expectAll(rule.name);
}

TEST(FastPack, HasAWatchdogThatSomebodyMaySwitchOn) {
    auto files = packFiles("fast", false);
    EXPECT_EQ(loadRules(files).rules->find("KlawWatchdog"), nullptr);
    files.push_back({"mine.yaml", "rules: [{alert: KlawWatchdog, override: true, enabled: true, notify: [deadman]}]"});
    const RuleSource test{"mine_test.yaml", R"(
tests:
  - name: it always fires
    rule: KlawWatchdog
    inputs:
      - {at: 0s, samples: [{metric: agent_up, value: 1}]}
    expect:
      - {at: 0s, alerts: [{alert: KlawWatchdog, severity: info}]}
      - {at: 1m, alerts: [{alert: KlawWatchdog}]}
)"};
    auto report = runRuleTests(test, loadRules(files).rules);
    EXPECT_EQ(report.failures, std::vector<std::string>());
    EXPECT_EQ(report.tests, 1u);
}

std::string conditionOf(const Rule& rule) {
    return (rule.each ? rule.each->source() : "") + " " + (rule.when ? rule.when->source() : "") + " " +
           rule.series.metric + rule.bound.text();
}

TEST(MixinPack, TestsTheRulesWhoseConditionIsNotThatOfTheFastPack) {
    const Tested tested("mixin");
    auto fast = loadPack("fast").rules, mixin = loadPack("mixin").rules;
    for (const auto& rule : mixin->rules()) {
        const auto* same = fast->find(rule.formerName);
        if (!same || conditionOf(*same) != conditionOf(rule) || same->lookback != rule.lookback)
            tested.expectAll(rule.name);
    }
}

struct Upstream {
    const char* name;
    Duration holdFor;
    Severity severity;
};

/// As kube-prometheus renders them (manifests/kubernetesControlPlane-prometheusRule.yaml and
/// nodeExporter-prometheusRule.yaml, August 2026), where an alert can be told without a Prometheus server.
constexpr Upstream upstream[] = {
    {"KubePodCrashLooping", 15min, Severity::Warning},
    {"KubePodNotReady", 15min, Severity::Warning},
    {"KubeDeploymentGenerationMismatch", 15min, Severity::Warning},
    {"KubeDeploymentReplicasMismatch", 15min, Severity::Warning},
    {"KubeDeploymentRolloutStuck", 15min, Severity::Warning},
    {"KubeStatefulSetReplicasMismatch", 15min, Severity::Warning},
    {"KubeStatefulSetGenerationMismatch", 15min, Severity::Warning},
    {"KubeStatefulSetUpdateNotRolledOut", 15min, Severity::Warning},
    {"KubeDaemonSetRolloutStuck", 15min, Severity::Warning},
    {"KubeContainerWaiting", 1h, Severity::Warning},
    {"KubeDaemonSetNotScheduled", 10min, Severity::Warning},
    {"KubeDaemonSetMisScheduled", 15min, Severity::Warning},
    {"KubeJobNotCompleted", 12h, Severity::Warning},  // upstream as a part of the condition
    {"KubeJobFailed", 15min, Severity::Warning},
    {"KubeHpaReplicasMismatch", 15min, Severity::Warning},
    {"KubeHpaMaxedOut", 15min, Severity::Warning},
    {"KubePdbNotEnoughHealthyPods", 15min, Severity::Warning},
    {"KubeCPUOvercommit", 10min, Severity::Warning},
    {"KubeMemoryOvercommit", 10min, Severity::Warning},
    {"KubeQuotaAlmostFull", 15min, Severity::Info},
    {"KubeQuotaFullyUsed", 15min, Severity::Info},
    {"KubeQuotaExceeded", 15min, Severity::Warning},
    {"CPUThrottlingHigh", 15min, Severity::Info},
    {"KubePersistentVolumeFillingUp", 1min, Severity::Critical},
    {"KubePersistentVolumeFillingUp", 1h, Severity::Warning},
    {"KubePersistentVolumeInodesFillingUp", 1min, Severity::Critical},
    {"KubePersistentVolumeInodesFillingUp", 1h, Severity::Warning},
    {"KubePersistentVolumeErrors", 5min, Severity::Critical},
    {"KubeAggregatedAPIDown", 5min, Severity::Warning},
    {"KubeAPIDown", 15min, Severity::Critical},
    {"KubeNodeNotReady", 15min, Severity::Warning},
    {"KubeNodePressure", 10min, Severity::Info},
    {"KubeNodeUnreachable", 15min, Severity::Warning},
    {"KubeletTooManyPods", 15min, Severity::Info},
    {"KubeNodeReadinessFlapping", 15min, Severity::Warning},
    {"KubeSchedulerDown", 15min, Severity::Critical},
    {"KubeControllerManagerDown", 15min, Severity::Critical},
    {"NodeFilesystemAlmostOutOfSpace", 30min, Severity::Warning},
    {"NodeFilesystemAlmostOutOfSpace", 30min, Severity::Critical},
    {"NodeFilesystemAlmostOutOfFiles", 1h, Severity::Warning},
    {"NodeFilesystemAlmostOutOfFiles", 1h, Severity::Critical},
    {"NodeCPUHighUsage", 15min, Severity::Info},
    {"NodeMemoryHighUtilization", 15min, Severity::Warning},
};

TEST(MixinPack, HasTheNamesTimesAndSeveritiesOfKubePrometheus) {
    auto rules = loadPack("mixin").rules;
    for (const auto& wanted : upstream) {
        auto same = [&](const Rule& rule) {
            return alertnameOf(rule) == wanted.name && rule.holdFor == wanted.holdFor &&
                   rule.severity == wanted.severity;
        };
        EXPECT_TRUE(std::ranges::any_of(rules->rules(), same)) << wanted.name << " " << toString(wanted.severity);
    }
}

class DefaultRuleTests : public testing::TestWithParam<RuleSource> {};

TEST_P(DefaultRuleTests, Pass) {
    auto pack = GetParam().name.substr(0, GetParam().name.find('/'));
    auto report = runRuleTests(GetParam(), loadPack(pack).rules);
    EXPECT_GT(report.tests, 0u);
    for (const auto& failure : report.failures) ADD_FAILURE() << failure;
}

std::vector<RuleSource> testFiles() {
    auto files = packFiles("fast", true);
    for (auto& file : packFiles("mixin", true)) files.push_back(std::move(file));
    return files;
}

INSTANTIATE_TEST_SUITE_P(Files, DefaultRuleTests, testing::ValuesIn(testFiles()), [](const auto& info) {
    auto name = info.param.name.substr(0, info.param.name.find('.'));
    std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    return name;
});

}  // namespace
}  // namespace klaw::rules
