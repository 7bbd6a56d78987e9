#include <gtest/gtest.h>

#include <algorithm>

#include "agent/app/agent.hpp"
#include "agent/operate/rbac.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::app {
namespace {

bool isWatched(const std::vector<operate::PolicyRule>& rules, const std::string& resource) {
    return std::ranges::any_of(rules, [&](const operate::PolicyRule& rule) {
        auto has = [](const auto& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); };
        return has(rule.resources, resource.substr(0, resource.find('.'))) && has(rule.verbs, "list") &&
               has(rule.verbs, "watch");
    });
}

TEST(RbacOfRules, WhatTheDefaultRulesAreAboutMayBeWatchedAndNothingElse) {
    const auto& watched = operate::findRbacPart("watch")->rules;
    std::vector<std::string> read;
    for (auto pack : {RulePack::Fast, RulePack::Mixin}) {
        Config config;
        config.rulePack = pack;
        auto report = rules::loadRules(readRuleFiles(config).sources);
        for (const auto& resource : report.rules->resources()) {
            EXPECT_TRUE(isWatched(watched, resource)) << resource;
            read.push_back(resource.substr(0, resource.find('.')));
        }
    }
    for (const auto& rule : watched)
        for (auto resource : rule.resources) EXPECT_NE(std::ranges::find(read, resource), read.end()) << resource;
}

}  // namespace
}  // namespace klaw::app
