#include "rules/load/rule_writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {
namespace {

std::string written(const std::string& file) {
    auto report = loadRules({{"r.yaml", file}});
    for (const auto& error : report.errors) ADD_FAILURE() << error.describe();
    std::string items;
    for (const auto& rule : report.rules->rules()) items += rule.text;
    return items;
}

TEST(RuleWriter, FillsInTheDefaultsOfTheFile) {
    EXPECT_EQ(written(R"(group: shop
defaults: {severity: critical, for: 90s, actions: [logs, silence], ring: app}
rules:
  - {alert: A, resource: pods, when: 'object.status.phase == "Failed"', title: "${object.metadata.name} failed"}
)"),
              R"(  - alert: A
    group: shop
    resource: pods
    when: object.status.phase == "Failed"
    severity: critical
    for: 1m30s
    title:
      en: ${object.metadata.name} failed
    actions: [logs, silence]
    ring: app
)");
}

TEST(RuleWriter, QuotesWhatYamlWouldReadOtherwise) {
    auto text = written(R"(rules:
  - alert: A
    resource: pods
    when: "has(object.spec) ? object.spec.hostIPC: object.spec.hostPID"
    facts: {exit code: "# 1", message: "it's\n\"two\" lines", empty: "null"}
    title: "- a: b"
)");
    EXPECT_EQ(text, R"(  - alert: A
    resource: pods
    when: 'has(object.spec) ? object.spec.hostIPC: object.spec.hostPID'
    severity: warning
    facts:
      empty: 'null'
      'exit code': '# 1'
      message: "it's\n\"two\" lines"
    title:
      en: '- a: b'
)");
    EXPECT_EQ(written(ruleFileOf(text)), text);
}

TEST(RuleWriter, WritesWhatBeginsTheWaitAnew) {
    auto text = written(R"(rules:
  - {alert: A, resource: deployments, when: 'true', for: 5m, wait_anew: "${object.status.updatedReplicas}", title: t}
)");
    EXPECT_NE(text.find("    wait_anew: ${object.status.updatedReplicas}\n"), std::string::npos) << text;
    EXPECT_EQ(written(ruleFileOf(text)), text);
}

TEST(RuleWriter, WritesTheDefaultRulesSoThatTheyAreReadBackTheSame) {
    for (const auto* pack : {"fast", "mixin"}) {
        std::vector<RuleSource> sources;
        for (const auto* directory : {"fast", "mixin"}) {
            for (const auto& entry :
                 std::filesystem::directory_iterator(std::string(KLAW_SOURCE_DIR "/rules/default/") + directory)) {
                if (entry.path().string().ends_with("_test.yaml")) continue;
                std::ostringstream text;
                text << std::ifstream(entry.path()).rdbuf();
                sources.push_back({entry.path().string(), text.str()});
            }
            if (std::string(pack) == directory) break;
        }
        auto rules = loadRules(sources).rules;
        ASSERT_GT(rules->rules().size(), 48u);
        for (const auto& rule : rules->rules()) EXPECT_EQ(written(ruleFileOf(rule.text)), rule.text);
    }
}

TEST(ReplacingRules, TakeThePlaceOfEarlierOnesWhole) {
    RuleSource files{"f.yaml", "rules:\n  - {alert: A, resource: pods, when: 'true', for: 5m, title: old}\n"};
    RuleSource applied{"applied A", "rules:\n  - {alert: A, resource: pods, when: 'false', title: new}\n", true};
    auto report = loadRules({files, applied});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report.rules->rules().size(), 1u);
    EXPECT_EQ(report.rules->find("A")->holdFor, Duration{});
    EXPECT_EQ(report.rules->find("A")->title.en.source(), "new");
}

}  // namespace
}  // namespace klaw::rules
