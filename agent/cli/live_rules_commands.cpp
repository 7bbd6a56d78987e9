// What `klaw rules` asks of the running agent.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/app/agent.hpp"
#include "agent/app/live_control.hpp"
#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/operate/rule_text.hpp"
#include "rules/load/rule_writer.hpp"
#include "rules/rule_test.hpp"

namespace klaw::cli {
namespace {

/// The agent's answer; nothing where none runs.
std::optional<int> asked(const RulesOptions& options, const std::string& command) {
    auto agent = findAgent(options.config, options.data);
    if (!agent) return std::nullopt;
    auto answer = askAgent(*agent, command, options.language);
    if (answer) return show(*answer);
    if (answer.error().code == ErrorCode::Unavailable) return std::nullopt;
    return refuse(answer.error());
}

int askedOrRefused(const RulesOptions& options, const std::string& command, const std::string& attachment = {}) {
    auto agent = findAgent(options.config, options.data);
    if (!agent) return refuse(agent.error());
    auto answer = askAgent(*agent, command, options.language, attachment);
    return answer ? show(*answer) : refuse(answer.error());
}

/// What would run: the rules of the files and those that were applied to an agent with this data directory.
Result<std::shared_ptr<const rules::RuleSet>> rulesAtRest(const RulesOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return fail(std::move(config).error());
    auto files = app::readRuleFiles(*config);
    if (!files.errors.empty()) return fail(std::move(files.errors.front()));
    auto applied = appliedRules(databaseOf(options.data, *config));
    if (!applied) return fail(std::move(applied).error());
    auto report = app::RuleKeeper(std::move(files.sources), *applied).load();
    if (!report.ok()) return fail(std::move(report.errors.front()));
    return report.rules;
}

template <class Print>
int printRule(const RulesOptions& options, Print print) {
    auto rules = rulesAtRest(options);
    if (!rules) return refuse(rules.error());
    auto rule = operate::namedRule(**rules, options.name);
    if (!rule) return refuse(rule.error());
    std::cout << print(**rule);
    return 0;
}

Result<std::string> textOf(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    if (!in) return fail(ErrorCode::NotFound, "cannot read the file", file);
    return text.str();
}

/// The tests beside a rule file: "mine.yaml" has "mine_test.yaml".
std::string testsBeside(const std::string& file) {
    auto path = std::filesystem::path(file);
    return (path.parent_path() / (path.stem().string() + "_test" + path.extension().string())).string();
}

/// Runs them with the rules of the file beside all others.
Result<std::size_t> runTestsBeside(const std::string& file, const RulesOptions& options) {
    auto tests = testsBeside(file);
    if (!std::filesystem::exists(tests)) return std::size_t(0);
    auto config = configFrom(options.config);
    auto rulesText = textOf(file), testsText = textOf(tests);
    if (!config) return fail(std::move(config).error());
    if (!rulesText) return fail(std::move(rulesText).error());
    if (!testsText) return fail(std::move(testsText).error());
    auto sources = app::readRuleFiles(*config).sources;
    sources.push_back({file, *rulesText, true});
    auto report = rules::loadRules(sources);
    if (!report.ok()) return fail(std::move(report.errors.front()));
    auto result = rules::runRuleTests({tests, *testsText}, report);
    if (result.failures.empty()) return result.tests;
    return fail(ErrorCode::InvalidArgument, result.failures.front(), {}, "nothing is applied while a test fails");
}

}  // namespace

int rulesShowCommand(const RulesOptions& options) {
    if (auto code = asked(options, "rules show " + options.name)) return *code;
    return printRule(options,
                     [](const rules::Rule& rule) { return "# " + rule.source + "\n" + rules::ruleFileOf(rule.text); });
}

int rulesExplainCommand(const RulesOptions& options) {
    if (auto code = asked(options, "rules explain " + options.name)) return *code;
    return printRule(options,
                     [&](const rules::Rule& rule) { return operate::explainRule(rule, nullptr, options.language); });
}

int rulesExportCommand(const RulesOptions& options) {
    if (auto code = asked(options, "rules export")) return *code;
    auto rules = rulesAtRest(options);
    if (!rules) return refuse(rules.error());
    std::cout << operate::exportRules(**rules);
    return 0;
}

int rulesHistoryCommand(const RulesOptions& options) {
    if (auto code = asked(options, "rules history " + options.name)) return *code;
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    auto revisions = app::readRuleHistory(databaseOf(options.data, *config), options.name);
    if (!revisions) return refuse(revisions.error());
    std::cout << operate::describeHistory(*revisions, !options.name.empty(), config->utcOffsetMinutes,
                                          options.language.empty() ? config->language : options.language);
    return 0;
}

int rulesApplyCommand(const RulesOptions& options) {
    const auto& file = options.files.front();
    auto text = textOf(file);
    if (!text) return refuse(text.error());
    auto tests = runTestsBeside(file, options);
    if (!tests) return refuse(tests.error());
    if (*tests > 0) std::cout << *tests << " tests passed\n";
    auto quote = file.find('"') == std::string::npos ? "\"" : "'";
    return askedOrRefused(options, "rules apply --file=" + (quote + file + quote), *text);
}

int rulesRevertCommand(const RulesOptions& options) {
    return askedOrRefused(options, "rules revert " + options.name + " " + options.revision);
}

int rulesRemoveCommand(const RulesOptions& options) {
    return askedOrRefused(options, "rules remove " + options.name);
}

}  // namespace klaw::cli
