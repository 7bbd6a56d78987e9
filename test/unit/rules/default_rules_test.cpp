#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "rules/rule_test.hpp"
#include "test/unit/rules/default_pack.hpp"

namespace klaw::rules {
namespace {

std::string described(const std::vector<Error>& errors) {
    std::string text;
    for (const auto& error : errors) text += error.describe() + "\n";
    return text;
}

bool isChinese(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// Words beside what is filled in.
bool hasWords(const std::string& text) {
    return std::regex_search(std::regex_replace(text, std::regex("\\$\\{[^}]*\\}"), ""), std::regex("[A-Za-z]"));
}

class DefaultPack : public testing::TestWithParam<const char*> {
protected:
    std::vector<Rule> rules() const { return allRulesOf(GetParam()); }
};

TEST_P(DefaultPack, LoadsWithoutErrorsAndWarnings) {
    auto report = loadPack(GetParam());
    EXPECT_EQ(described(report.errors), "");
    EXPECT_EQ(described(report.warnings), "");
    EXPECT_GE(report.rules->rules().size(), 48u);
}

TEST_P(DefaultPack, NeedsNoNormalEvents) {
    EXPECT_TRUE(loadPack(GetParam()).rules->warningEventsOnly());
}

TEST_P(DefaultPack, SaysEverythingInBothLanguages) {
    for (const auto& rule : rules()) {
        for (const auto* texts : {&rule.title, &rule.description}) {
            auto en = texts->en.source(), zh = texts->zh.source();
            EXPECT_FALSE(en.empty()) << rule.name;
            EXPECT_FALSE(isChinese(en)) << rule.name;
            EXPECT_FALSE(zh.empty()) << rule.name;
            EXPECT_TRUE(isChinese(zh) || !hasWords(en)) << rule.name << ": " << zh;
        }
        EXPECT_TRUE(isChinese(rule.title.zh.source())) << rule.name;
    }
}

TEST_P(DefaultPack, SaysWhatToReadAndWhatToDo) {
    for (const auto& rule : rules()) {
        for (const auto* text : {&rule.runbook.en, &rule.runbook.zh}) {
            EXPECT_TRUE(text->source().starts_with("1. ")) << rule.name;
            EXPECT_NE(text->source().find("\nhttps://"), std::string::npos) << rule.name;
        }
        EXPECT_FALSE(isChinese(rule.runbook.en.source())) << rule.name;
        EXPECT_TRUE(isChinese(rule.runbook.zh.source())) << rule.name;
        EXPECT_FALSE(rule.actions.empty()) << rule.name;
    }
}

TEST_P(DefaultPack, IsInhibitedByRulesThatItHas) {
    std::set<std::string> names;
    for (const auto& rule : rules()) names.insert(rule.name);
    for (const auto& rule : rules())
        for (const auto& inhibitor : rule.inhibitedBy)
            EXPECT_TRUE(names.contains(inhibitor.alert)) << rule.name << " by " << inhibitor.alert;
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
        auto loaded = loadPack(pack);
        for (const auto& source : packFiles(pack, true)) {
            auto report = runRuleTests(source, loaded);
            fires.insert(report.testedRules.begin(), report.testedRules.end());
            quiet.insert(report.quietRules.begin(), report.quietRules.end());
            resolves.insert(report.resolvedRules.begin(), report.resolvedRules.end());
        }
    }
    void expectAll(const std::string& rule) const {
        EXPECT_TRUE(fires.contains(rule)) << rule << " has no test in which it fires";
        EXPECT_TRUE(quiet.contains(rule)) << rule << " has no test with something for which it never fires";
        EXPECT_TRUE(resolves.contains(rule)) << rule << " has no test in which it resolves";
    }
    std::set<std::string> fires, quiet, resolves;
};

TEST(FastPack, HasAPositiveANegativeAndAResolvingTestOfEachRule) {
    const Tested tested("fast");
    for (const auto& rule : allRulesOf("fast")) tested.expectAll(rule.name);
}

TEST(MixinPack, HasAPositiveANegativeAndAResolvingTestOfEachRuleThatItRenames) {
    const Tested tested("mixin");
    for (const auto& rule : allRulesOf("mixin"))
        if (rule.formerName != rule.name) tested.expectAll(rule.name);
}

TEST(FastPack, HasRulesThatSomebodyMaySwitchOn) {
    auto files = packFiles("fast", false);
    EXPECT_EQ(loadRules(files).rules->find("KlawWatchdog"), nullptr);
    files.push_back({"mine.yaml", "rules: [{alert: KlawWatchdog, override: true, enabled: true, notify: [deadman]}]"});
    EXPECT_NE(loadRules(files).rules->find("KlawWatchdog"), nullptr);
}

class DefaultRuleTests : public testing::TestWithParam<RuleSource> {};

TEST_P(DefaultRuleTests, Pass) {
    auto pack = GetParam().name.substr(0, GetParam().name.find('/'));
    auto report = runRuleTests(GetParam(), loadPack(pack));
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
