#include "agent/app/rule_keeper.hpp"

#include <gmock/gmock.h>

namespace klaw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string files = R"(group: shop
rules:
  - {alert: A, resource: pods, when: 'object.status.phase == "Failed"', for: 5m, title: a}
  - {alert: B, resource: pods, when: 'object.status.phase == "Pending"', title: b}
)";
const rules::Mark ann{"local:ann", TimePoint(1h), ""};

class RuleKeeperTest : public testing::Test {
protected:
    Result<std::vector<std::string>> apply(const std::string& text) {
        return keeper.apply({"new.yaml", text}, ann, install);
    }
    const rules::Rule* running(const std::string& name) const { return rules->find(name); }
    /// "name source" of what would be written, "-" before a removal.
    std::vector<std::string> recorded() {
        storage::UnitOfWork unit;
        keeper.takeRevisions(unit);
        std::vector<std::string> all;
        for (const auto& revision : unit.ruleRevisions) {
            EXPECT_EQ(revision.author, "local:ann");
            EXPECT_EQ(revision.at, ann.at);
            all.push_back((revision.removed ? "-" : "") + revision.name + " " + revision.source);
        }
        return all;
    }

    RuleKeeper keeper{{{"files.yaml", files}}, {}};
    std::shared_ptr<const rules::RuleSet> rules = keeper.load().rules;
    RuleKeeper::Install install = [this](std::shared_ptr<const rules::RuleSet> next) { rules = std::move(next); };
};

TEST_F(RuleKeeperTest, LetsAppliedRulesStandOverThoseOfFiles) {
    auto changed = apply(
        "rules:\n  - {alert: A, override: true, for: 1m}\n  - {alert: C, resource: pods, when: 'true', title: c}\n");
    ASSERT_TRUE(changed) << changed.error().describe();
    EXPECT_THAT(*changed, ElementsAre("A", "C"));
    EXPECT_EQ(running("A")->holdFor, 1min);
    EXPECT_EQ(running("A")->title.en.source(), "a");
    EXPECT_NE(running("C"), nullptr);
    EXPECT_THAT(recorded(), ElementsAre("A apply", "C apply"));
    EXPECT_TRUE(recorded().empty());
}

TEST_F(RuleKeeperTest, ChangesNothingWhereARuleIsWrong) {
    auto changed = apply(
        "rules:\n  - {alert: A, override: true, for: 1m}\n  - {alert: C, resource: pods, when: 'object.', title: c}\n");
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().describe(), HasSubstr("new.yaml:3:"));
    EXPECT_EQ(running("A")->holdFor, 5min);
    EXPECT_TRUE(recorded().empty());
}

TEST_F(RuleKeeperTest, SaysThatNothingChanges) {
    EXPECT_TRUE(apply(files)->empty());
    EXPECT_TRUE(recorded().empty());
}

TEST_F(RuleKeeperTest, TurnsRulesOfFilesOff) {
    EXPECT_THAT(*apply("rules:\n  - {alert: A, override: true, enabled: false}\n"), ElementsAre("A"));
    EXPECT_EQ(running("A"), nullptr);
    EXPECT_THAT(recorded(), ElementsAre("A apply"));
    auto record = keeper.record(*rules, TimePoint(2h));
    EXPECT_EQ(record.ruleRevisions.size(), 2u) << "one that is turned off has not gone";
}

TEST_F(RuleKeeperTest, RenamesNoRuleOfAFile) {
    auto changed = apply("rules:\n  - {alert: Other, override: A}\n");
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().describe(), HasSubstr("renamed"));
    EXPECT_NE(running("A"), nullptr);
}

TEST_F(RuleKeeperTest, GoesBackToTheFileWhenWhatWasAppliedIsRemoved) {
    ASSERT_TRUE(apply(
        "rules:\n  - {alert: A, override: true, for: 1m}\n  - {alert: C, resource: pods, when: 'true', title: c}\n"));
    recorded();
    ASSERT_TRUE(keeper.remove("A", ann, install));
    ASSERT_TRUE(keeper.remove("C", ann, install));
    EXPECT_EQ(running("A")->holdFor, 5min);
    EXPECT_EQ(running("C"), nullptr);
    EXPECT_THAT(recorded(), ElementsAre("-A remove", "A files.yaml:3", "-C remove"));
    EXPECT_EQ(keeper.remove("B", ann, install).error().code, ErrorCode::NotFound);
}

TEST_F(RuleKeeperTest, MakesARuleWhatItWas) {
    auto before = running("A")->text;
    ASSERT_TRUE(apply("rules:\n  - {alert: A, override: true, for: 1m}\n"));
    recorded();
    ASSERT_TRUE(keeper.revert({"A", 1, "klaw", "files.yaml:3", {}, before, {}, false}, ann, install));
    EXPECT_EQ(running("A")->holdFor, 5min);
    EXPECT_THAT(recorded(), ElementsAre("A revert"));
}

TEST_F(RuleKeeperTest, KeepsWhatWasAppliedWhenFilesAreReadAgain) {
    ASSERT_TRUE(apply("rules:\n  - {alert: A, override: true, for: 1m}\n"));
    auto report =
        keeper.load({{"files.yaml", "rules:\n  - {alert: A, resource: pods, when: 'false', for: 9m, title: a}\n"}});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report.rules->find("A")->holdFor, 1min);
    EXPECT_EQ(report.rules->find("B"), nullptr);
    EXPECT_FALSE(keeper.load({{"files.yaml", "rules: 7"}}).ok());
    EXPECT_EQ(keeper.load().rules->find("A")->holdFor, 1min) << "the files before stay";
}

TEST_F(RuleKeeperTest, LeavesOutAnAppliedRuleThatCannotBeReadAnyMore) {
    RuleKeeper old({{"files.yaml", files}},
                   {{"A", 3, "ann", "apply", {}, "  - {alert: A, unknown_key: 1}\n", {}, false}});
    auto report = old.load();
    EXPECT_TRUE(report.ok());
    ASSERT_FALSE(report.warnings.empty());
    EXPECT_THAT(report.warnings.front().describe(), HasSubstr("applied A:2"));
    EXPECT_EQ(report.rules->find("A")->holdFor, 5min);
}

}  // namespace
}  // namespace klaw::app
