#include "rules/rule_test.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "rules/test_run.hpp"

namespace klaw::rules {
namespace {

struct Coverage {
    std::set<std::string> fires, quiet, resolves;

    void add(const TestCase& test, const std::shared_ptr<const RuleSet>& rules) {
        std::set<std::string> names;
        if (!test.rule.empty()) names.insert(test.rule);
        std::multimap<Duration, const Expectation*> inOrder;
        for (const auto& expectation : test.expect) {
            inOrder.emplace(expectation.at, &expectation);
            for (const auto& alert : expectation.alerts) names.insert(alert.alert);
        }
        for (const auto& name : names) {
            bool fired = false;
            for (const auto& [at, expectation] : inOrder) look(name, *expectation, fired);
        }
        quiet.merge(quietOf(names, test, rules));
    }

private:
    void look(const std::string& name, const Expectation& expectation, bool& fired) {
        bool firing = std::ranges::any_of(expectation.alerts, [&](const ExpectedAlert& alert) {
            return alert.alert == name && alert.state == AlertState::Firing;
        });
        if (firing)
            fires.insert(name);
        else if (fired)
            resolves.insert(name);
        fired |= firing;
    }
};

}  // namespace

RuleTestReport runRuleTests(const RuleSource& source, const LoadReport& loaded) {
    RuleTestReport report;
    Problems problems;
    auto file = std::make_shared<SourceFile>(source.name, source.text);
    std::vector<TestCase> tests;
    if (auto root = YamlCursor::parse(file, source.text, problems)) tests = readTests(*root);
    for (const auto& error : problems.errors()) report.failures.push_back(error.describe());
    if (problems.errorCount() > 0) return report;
    Coverage coverage;
    for (const auto& test : tests) {
        ++report.tests;
        const auto& rules = loaded.disabled->find(test.rule) ? loaded.disabled : loaded.rules;
        if (!test.rule.empty() && !rules->find(test.rule)) {
            report.failures.push_back(test.place.describe() + ": " + test.name + ": there is no rule \"" + test.rule +
                                      "\"");
            continue;
        }
        std::ranges::move(failuresOf(test, rules), std::back_inserter(report.failures));
        coverage.add(test, rules);
    }
    report.testedRules.assign(coverage.fires.begin(), coverage.fires.end());
    report.quietRules.assign(coverage.quiet.begin(), coverage.quiet.end());
    report.resolvedRules.assign(coverage.resolves.begin(), coverage.resolves.end());
    return report;
}

}  // namespace klaw::rules
