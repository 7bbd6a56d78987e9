#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/app/agent.hpp"
#include "agent/cli/commands.hpp"
#include "agent/operate/table.hpp"
#include "rules/rule_table.hpp"
#include "rules/rule_test.hpp"

namespace klaw::cli {
namespace {

Result<app::RuleFiles> filesFor(const RulesOptions& options, bool defaults) {
    auto config = configFrom(options.config);
    if (!config) return fail(std::move(config).error());
    if (!options.files.empty()) {
        config->ruleDirectories.assign(options.files.begin(), options.files.end());
        if (!defaults) config->rulePack = app::RulePack::None;
    }
    return app::readRuleFiles(*config);
}

/// Files given are checked alone; overrides of default rules need those, which are read before them then.
rules::LoadReport loaded(const app::RuleFiles& files) {
    auto report = rules::loadRules(files.sources);
    for (const auto& error : files.errors) report.errors.push_back(error);
    return report;
}

}  // namespace

int rulesCheckCommand(const RulesOptions& options) {
    auto files = filesFor(options, true);
    if (!files) return refuse(files.error());
    auto report = loaded(*files);
    for (const auto& warning : report.warnings) std::cerr << "klaw: warning: " << warning.describe() << "\n";
    if (!report.ok()) return refuseAll(report.errors);
    std::cout << "SUCCESS: " << report.rules->rules().size() << " rules in " << files->sources.size() << " files\n";
    return 0;
}

int rulesListCommand(const RulesOptions& options) {
    auto files = filesFor(options, false);
    if (!files) return refuse(files.error());
    auto report = loaded(*files);
    if (!report.ok()) return refuseAll(report.errors);
    if (options.output == "markdown") {
        app::Config mixin;
        mixin.rulePack = app::RulePack::Mixin;
        std::cout << rules::markdownTable(report) << "\n"
                  << rules::upstreamTable(rules::loadRules(app::readRuleFiles(mixin).sources));
        return 0;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& rule : report.rules->rules()) {
        std::string looksAt;
        for (const auto& resource : rule.resources) looksAt += (looksAt.empty() ? "" : ",") + resource;
        rows.push_back({rule.name, rule.group, std::string(rules::toString(rule.severity)), looksAt,
                        formatDuration(rule.holdFor), rule.source});
    }
    std::cout << operate::formatTable({"RULE", "GROUP", "SEVERITY", "RESOURCE", "FOR", "SOURCE"}, rows);
    return 0;
}

int rulesTestCommand(const RulesOptions& options) {
    if (options.files.empty())
        return refuse(Error(ErrorCode::InvalidArgument, "no test file is given", {}, "klaw rules test my_test.yaml"));
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    auto report = loaded(app::readRuleFiles(*config));
    if (!report.ok()) return refuseAll(report.errors);
    std::size_t tests = 0, failures = 0;
    for (const auto& file : options.files) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream text;
        if (in) text << in.rdbuf();
        if (!in) return refuse(Error(ErrorCode::NotFound, "cannot read the test file", file));
        auto result = rules::runRuleTests({file, text.str()}, report);
        tests += result.tests;
        failures += result.failures.size();
        for (const auto& failure : result.failures) std::cerr << failure << "\n";
    }
    if (failures > 0) {
        std::cerr << "FAILED: " << failures << " expectations in " << tests << " tests\n";
        return 1;
    }
    std::cout << "SUCCESS: " << tests << " tests\n";
    return 0;
}

}  // namespace klaw::cli
