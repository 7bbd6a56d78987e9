#include "agent/app/agent.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/app/agent_run.hpp"
#include "base/embedded.hpp"
#include "rules/rule_table.hpp"

namespace klaw {
std::span<const EmbeddedFile> fastRuleFiles();
std::span<const EmbeddedFile> mixinRuleFiles();
}  // namespace klaw

namespace klaw::app {
namespace {

namespace fs = std::filesystem;

bool isRuleFile(const fs::path& path) {
    auto name = path.filename().string();
    bool yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    return yaml && !name.ends_with("_test.yaml") && !name.ends_with("_test.yml") && !name.starts_with('.');
}

void readDirectory(const fs::path& directory, RuleFiles& into) {
    std::error_code failure;
    std::vector<fs::path> files;
    if (fs::is_regular_file(directory, failure))
        files.push_back(directory);
    else
        for (const auto& entry : fs::directory_iterator(directory, failure))
            if (isRuleFile(entry.path())) files.push_back(entry.path());
    if (failure) {
        into.errors.emplace_back(ErrorCode::NotFound, "cannot read the rules: " + failure.message(), directory.string(),
                                 "check `directories` and the permissions");
        return;
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream text;
        if (in) text << in.rdbuf();
        if (in)
            into.sources.push_back({file.string(), text.str()});
        else
            into.errors.emplace_back(ErrorCode::NotFound, "cannot read the rule file", file.string(),
                                     "check its permissions");
    }
}

int refuse(const Error& error) {
    std::cerr << "klaw: " << error.describe() << "\n";
    return 1;
}

}  // namespace

RuleFiles readRuleFiles(const Config& config) {
    RuleFiles files;
    auto add = [&](std::string_view pack, std::span<const EmbeddedFile> embedded) {
        for (const auto& file : embedded)
            files.sources.push_back({fmt::format("default/{}/{}", pack, file.name), std::string(file.bytes)});
    };
    if (config.rulePack != RulePack::None) add("fast", fastRuleFiles());
    if (config.rulePack == RulePack::Mixin) add("mixin", mixinRuleFiles());
    for (const auto& directory : config.ruleDirectories) readDirectory(directory, files);
    return files;
}

std::map<std::string, std::string, std::less<>> upstreamNames() {
    Config config;
    config.rulePack = RulePack::Mixin;
    auto report = rules::loadRules(readRuleFiles(config).sources);
    std::map<std::string, std::string, std::less<>> names;
    for (const auto& rule : report.rules->rules())
        if (rule.formerName != rule.name) names.emplace(rules::alertnameOf(rule), rule.formerName);
    return names;
}

int runAgent(AgentSetup setup) {
    std::signal(SIGPIPE, SIG_IGN);
    SystemRandom random;
    auto directory = setup.config.data.empty() ? defaultDataDirectory() : setup.config.data;
    using Holder = storage::DirectoryLock::Holder;
    if (!setup.demoRecording.empty()) setup.config.leadership.reset();
    auto data = DataDirectory::open(directory, random, setup.config.leadership ? Holder::Replica : Holder::Alone);
    if (!data) return refuse(data.error());
    if (setup.forgetPast)
        for (const auto* suffix : {"", "-wal", "-shm"}) {
            std::error_code ignored;
            fs::remove(data->database() + suffix, ignored);
        }
    AgentRun run(std::move(setup), std::move(*data));
    if (auto started = run.start(); !started) return refuse(started.error());
    auto ended = run.run();
    return ended ? 0 : refuse(ended.error());
}

}  // namespace klaw::app
