#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "agent/app/agent.hpp"
#include "agent/operate/catalogue.hpp"
#include "rules/rule_table.hpp"

namespace klaw::app {
namespace {

std::string document() {
    std::ostringstream text;
    text << std::ifstream(KLAW_SOURCE_DIR "/docs/rules.md").rdbuf();
    return text.str();
}

rules::LoadReport packOf(RulePack pack) {
    Config config;
    config.rulePack = pack;
    return rules::loadRules(readRuleFiles(config).sources);
}

/// The verbs of "`klaw do VERB …`" in a text.
std::vector<std::string> verbsIn(const std::string& text) {
    static const std::regex command("`klaw do ([a-z]+)");
    std::vector<std::string> verbs;
    for (std::sregex_iterator at(text.begin(), text.end(), command), end; at != end; ++at) verbs.push_back((*at)[1]);
    return verbs;
}

TEST(Runbooks, NameCommandsThatThereAre) {
    auto pack = packOf(RulePack::Fast);
    for (const auto* rules : {pack.rules.get(), pack.disabled.get()})
        for (const auto& rule : rules->rules())
            for (const auto* text : {&rule.runbook.en, &rule.runbook.zh})
                for (const auto& verb : verbsIn(text->source()))
                    EXPECT_NE(operate::findVerb(verb), nullptr) << rule.name << ": " << verb;
}

constexpr auto remedy =
    "docs/rules.md is out of date: replace its tables by those of `klaw rules list --output markdown`";

TEST(RulesDocument, HoldsTheTableOfTheDefaultRules) {
    EXPECT_NE(document().find(rules::markdownTable(packOf(RulePack::Fast))), std::string::npos) << remedy;
}

TEST(RulesDocument, HoldsTheTableOfTheAlertsOfKubePrometheus) {
    EXPECT_NE(document().find(rules::upstreamTable(packOf(RulePack::Mixin))), std::string::npos) << remedy;
}

}  // namespace
}  // namespace klaw::app
