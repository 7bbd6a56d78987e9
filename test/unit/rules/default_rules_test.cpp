#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "rules/rule_test.hpp"

namespace klaw::rules {
namespace {

bool isTest(const std::string& path) {
    return path.ends_with("_test.yaml");
}

/// The files of rules/default, in the order in which the agent loads them: by name.
std::vector<RuleSource> defaultFiles(bool tests) {
    std::vector<RuleSource> sources;
    for (const auto& entry : std::filesystem::directory_iterator(KLAW_SOURCE_DIR "/rules/default")) {
        auto name = entry.path().filename().string();
        if (!name.ends_with(".yaml") || isTest(name) != tests) continue;
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        sources.push_back({name, text.str()});
    }
    std::ranges::sort(sources, {}, &RuleSource::name);
    return sources;
}

std::string described(const std::vector<Error>& errors) {
    std::string text;
    for (const auto& error : errors) text += error.describe() + "\n";
    return text;
}

std::shared_ptr<const RuleSet> defaultRules() {
    return loadRules(defaultFiles(false)).rules;
}

TEST(DefaultRules, LoadWithoutErrorsAndWarnings) {
    auto report = loadRules(defaultFiles(false));
    EXPECT_EQ(described(report.errors), "");
    EXPECT_EQ(described(report.warnings), "");
}

TEST(DefaultRules, KeepTheNamesThatEndToEndTestsAndRunbooksKnow) {
    auto rules = defaultRules();
    for (const auto* name : {"PodUnschedulable", "ImagePullFailing", "PodCrashLooping", "PodOOMKilled", "NodeNotReady",
                             "JobFailed", "DeploymentRolloutStuck", "PersistentVolumeClaimPending"})
        EXPECT_NE(rules->find(name), nullptr) << name;
}

TEST(DefaultRules, NeedNoNormalEvents) {
    EXPECT_TRUE(defaultRules()->warningEventsOnly());
}

TEST(DefaultRules, SayEverythingInBothLanguages) {
    auto rules = defaultRules();
    std::vector<cel::Value> nothing(static_cast<std::size_t>(ResourceSlots::Size));
    ASSERT_FALSE(rules->rules().empty());
    for (const auto& rule : rules->rules()) {
        auto title = rule.title.render(nothing);
        auto description = rule.description.render(nothing);
        auto isChinese = [](const std::string& text) {
            return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        };
        EXPECT_FALSE(title.en.empty()) << rule.name;
        EXPECT_FALSE(isChinese(title.en)) << rule.name;
        EXPECT_TRUE(isChinese(title.zh)) << rule.name;
        EXPECT_FALSE(isChinese(description.en)) << rule.name;
    }
}

TEST(DefaultRules, EachHasATestInWhichItFires) {
    auto rules = defaultRules();
    std::set<std::string> tested;
    for (const auto& source : defaultFiles(true)) {
        auto report = runRuleTests(source, rules);
        tested.insert(report.testedRules.begin(), report.testedRules.end());
    }
    for (const auto& rule : rules->rules()) EXPECT_TRUE(tested.contains(rule.name)) << rule.name;
}

class DefaultRuleFile : public testing::TestWithParam<RuleSource> {};

TEST_P(DefaultRuleFile, PassesItsTests) {
    auto report = runRuleTests(GetParam(), defaultRules());
    EXPECT_GT(report.tests, 0u);
    for (const auto& failure : report.failures) ADD_FAILURE() << failure;
}

INSTANTIATE_TEST_SUITE_P(Files, DefaultRuleFile, testing::ValuesIn(defaultFiles(true)), [](const auto& info) {
    auto name = info.param.name.substr(0, info.param.name.find('.'));
    std::erase(name, '_');
    return name;
});

}  // namespace
}  // namespace klaw::rules
