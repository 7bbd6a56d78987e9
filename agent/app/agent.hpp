#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/app/cluster_finder.hpp"
#include "agent/app/config.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::app {

/// What one run of the agent starts with.
struct AgentSetup {
    Config config;
    std::string configFile;                    ///< read again on SIGHUP; empty: none
    std::function<void(Config&)> commandLine;  ///< what it says stands over a configuration that is read again
    FoundClusters found;                       ///< the clusters that can be reached without asking another one
    std::shared_ptr<const rules::RuleSet> rules;
    std::vector<rules::RuleSource> ruleSources;  ///< for the revisions in the database
    std::string demoRecording;                   ///< bytes of a recording to be served and watched; empty: none
    bool forgetPast = false;                     ///< begins with an empty database
    bool printAddress = false;                   ///< of the page, with its token, on standard output
};

/// Runs until SIGTERM or SIGINT. The exit code: 0 after a graceful stop, 1 with one sentence on standard error when
/// nothing can run.
int runAgent(AgentSetup setup);

/// The default rules and those of the directories; files in order of name. Errors name file, line and column.
struct RuleFiles {
    std::vector<rules::RuleSource> sources;
    std::vector<Error> errors;  ///< of reading
};
RuleFiles readRuleFiles(const Config& config);
/// What alerts of kube-prometheus tell of the same as rules of the pack `fast`: their name → the rule's.
std::map<std::string, std::string, std::less<>> upstreamNames();

}  // namespace klaw::app
