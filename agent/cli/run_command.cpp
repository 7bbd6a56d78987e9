#include <spdlog/spdlog.h>

#include <iostream>

#include "agent/app/agent.hpp"
#include "agent/app/cluster_finder.hpp"
#include "agent/app/kubernetes_secrets.hpp"
#include "agent/app/logging.hpp"
#include "agent/cli/commands.hpp"
#include "base/embedded.hpp"

namespace klaw {
std::span<const EmbeddedFile> demoRecordings();
}

namespace klaw::cli {
namespace {

Result<void> loadRulesInto(app::AgentSetup& setup) {
    auto files = app::readRuleFiles(setup.config);
    auto report = rules::loadRules(files.sources);
    for (auto& error : files.errors) report.errors.push_back(std::move(error));
    if (!report.ok()) {
        for (std::size_t i = 1; i < report.errors.size(); ++i) refuse(report.errors[i]);
        return fail(report.errors.front());
    }
    for (const auto& warning : report.warnings) spdlog::warn("{}", warning.describe());
    setup.rules = report.rules;
    setup.ruleSources = std::move(files.sources);
    return {};
}

/// Every demonstration begins anew.
int runDemo(app::AgentSetup setup) {
    setup.config.data = app::demoDataDirectory();
    setup.forgetPast = true;
    setup.config.clusters.clear();
    setup.demoRecording = std::string(demoRecordings().front().bytes);
    std::cout << "No cluster is needed: this is a recording of a real API server's watch traffic, served on loopback.\n"
                 "Commands in another terminal: build/klaw do \"help\"\n"
              << std::flush;
    return app::runAgent(std::move(setup));
}

}  // namespace

int agentCommand(const std::string& file) {
    auto config = configFrom(file);
    if (!config) return refuse(config.error());
    app::setUpLogging(config->log);
    app::AgentSetup setup;
    setup.config = std::move(*config);
    setup.configFile = file;
    if (auto loaded = loadRulesInto(setup); !loaded) return refuse(loaded.error());
    auto clusters = app::clustersOnDisk(setup.config.clusters);
    if (!clusters) return refuse(clusters.error());
    setup.found = std::move(*clusters);
    if (auto filled = app::fillSecretsNow(setup.config, setup.found.clusters); !filled) return refuse(filled.error());
    return app::runAgent(std::move(setup));
}

int runCommand(const RunOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    app::AgentSetup setup;
    setup.config = std::move(*config);
    setup.configFile = options.config;
    setup.printAddress = true;
    app::Config listening;
    if (!options.listen.empty()) {
        auto parsed = app::parseConfig("--listen", "listen: \"" + options.listen + "\"");
        if (!parsed.ok()) return refuseAll(parsed.errors);
        listening = std::move(parsed.config);
    }
    setup.commandLine = [options, listening](app::Config& changed) {
        if (!options.language.empty()) changed.language = options.language;
        if (!options.listen.empty()) {
            changed.listenAddress = listening.listenAddress;
            changed.listenPort = listening.listenPort;
        }
        if (!options.kubeconfig.empty() || !options.context.empty())
            changed.clusters = {{.kubeconfig = options.kubeconfig, .context = options.context}};
    };
    setup.commandLine(setup.config);
    if (options.config.empty()) {
        setup.config.log.level = "warn";
        app::ChannelConfig screen;
        screen.name = "screen";
        setup.config.channels.push_back(std::move(screen));
    }
    app::setUpLogging(setup.config.log);
    if (auto loaded = loadRulesInto(setup); !loaded) return refuse(loaded.error());
    if (options.demo) return runDemo(std::move(setup));
    auto clusters = app::clustersOnDisk(setup.config.clusters);
    bool nothingThere = !clusters && clusters.error().code == ErrorCode::NotFound && setup.config.clusters.empty();
    if (nothingThere) return runDemo(std::move(setup));
    if (!clusters) return refuse(clusters.error());
    setup.found = std::move(*clusters);
    if (auto filled = app::fillSecretsNow(setup.config, setup.found.clusters); !filled) return refuse(filled.error());
    for (const auto& cluster : setup.found.clusters)
        std::cout << "Watching cluster " << cluster.name << " at " << cluster.server << " (" << cluster.source
                  << "). Klaw changes nothing that nobody asked for.\n"
                  << std::flush;
    return app::runAgent(std::move(setup));
}

}  // namespace klaw::cli
