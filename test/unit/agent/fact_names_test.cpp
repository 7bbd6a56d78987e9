#include "agent/deliver/fact_names.hpp"

#include <gtest/gtest.h>

#include "agent/app/agent.hpp"

namespace klaw::deliver {
namespace {

TEST(FactNames, AreTheRulesOwnWordsInEnglish) {
    EXPECT_EQ(factName("exit code", "en"), "exit code");
}

TEST(FactNames, OfTheDefaultRulesAreChineseOnAChineseCard) {
    EXPECT_EQ(factName("exit code", "zh"), "退出码");
    EXPECT_EQ(factName("trend", "zh"), "走势") << "of every metric rule";
    auto loaded = rules::loadRules(app::readRuleFiles(app::Config()).sources);
    ASSERT_FALSE(loaded.rules->rules().empty());
    for (const auto* rules : {loaded.rules.get(), loaded.disabled.get()})
        for (const auto& rule : rules->rules())
            for (const auto& [name, value] : rule.facts)
                if (name != "kubelet")
                    EXPECT_NE(factName(name, "zh-CN"), name) << rule.name << " has no Chinese word for it";
}

TEST(FactNames, ThatNobodyTranslatesStayAsTheyAreWritten) {
    EXPECT_EQ(factName("my own fact", "zh"), "my own fact");
}

}  // namespace
}  // namespace klaw::deliver
