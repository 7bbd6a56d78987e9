#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "agent/app/agent.hpp"
#include "rules/rule_table.hpp"

namespace klaw::app {
namespace {

TEST(RulesDocument, HoldsTheTableOfTheDefaultRules) {
    std::ostringstream text;
    text << std::ifstream(KLAW_SOURCE_DIR "/docs/rules.md").rdbuf();
    Config mixin;
    mixin.rulePack = RulePack::Mixin;
    auto renamed = rules::loadRules(readRuleFiles(mixin).sources).rules;
    auto table = rules::markdownTable(*rules::loadRules(readRuleFiles(Config()).sources).rules, renamed.get());
    EXPECT_TRUE(text.str().find(table) != std::string::npos)
        << "docs/rules.md is out of date: replace its table by the output of `klaw rules list --output markdown`";
}

}  // namespace
}  // namespace klaw::app
