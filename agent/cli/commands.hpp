#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/app/config.hpp"
#include "agent/operate/audit_query.hpp"
#include "base/error.hpp"
#include "storage/location.hpp"
#include "storage/rule_revision.hpp"

namespace klaw::cli {

// One subcommand a file. Each gives the exit code: 0 fine, 1 it failed, 2 (by the option parser) wrong usage.

struct RunOptions {
    std::string config;
    bool demo = false;
    std::string kubeconfig;
    std::string context;
    std::string listen;
    std::string language;
};
int runCommand(const RunOptions& options);
int agentCommand(const std::string& config);

struct DoOptions {
    std::string config;
    std::string data;
    std::string language;
    std::vector<std::string> words;
    std::string file;  ///< a text that goes with the command; "-": standard input
};
int doCommand(const DoOptions& options);
/// Programs ask the running agent by the Model Context Protocol on standard input and output.
struct McpOptions {
    std::string config;
    std::string data;
    std::string principal;  ///< in whose name, of the configuration; empty: that of the user of this process
    std::string url;        ///< of an agent elsewhere, with `tokenFile`; empty: the one of the data directory
    std::string tokenFile;
    bool allowChanges = false;
};
int mcpCommand(const McpOptions& options);
/// Prints the commands of `klaw do` and of chats as a Markdown table.
int catalogueCommand();

/// Prints the ClusterRole that Klaw needs in Kubernetes.
struct RbacOptions {
    std::string profile = "readonly";
    std::string name = "klaw";
    std::vector<std::string> with, without;  ///< parts beside those of the profile, and parts of it that are left out
    std::vector<std::string> only;           ///< these parts in place of a profile
    std::string lease;                       ///< NAMESPACE/NAME, where replicas choose their leader; also its Role
    bool share = false;                      ///< with `lease`: also for replicas that share their clusters
    bool table = false;                      ///< all parts, for the chart
};
int rbacCommand(const RbacOptions& options);

/// The program's subcommands by the one that they are below; those of the program itself below "".
using CommandTree = std::map<std::string, std::vector<std::string>>;
/// Prints what makes `shell`, bash or zsh, complete subcommands, the verbs of `klaw do` and their options.
int completionCommand(const std::string& shell, const CommandTree& tree);

struct ReplayOptions {
    std::vector<std::string> files;
    std::vector<std::string> rules;
    bool noDefaults = false;
    std::string output = "text";
    std::string language = "en";
};
int replayCommand(const ReplayOptions& options);

struct RecordOptions {
    std::string config;
    std::string kubeconfig;
    std::string context;
    std::string out;
    std::vector<std::string> resources;
    bool anonymize = false;
    std::string duration;
};
int recordCommand(const RecordOptions& options);

struct RulesOptions {
    std::string config;
    std::vector<std::string> files;
    std::string output = "table";
    std::string data;
    std::string language;
    std::string name;
    std::string revision;
};
int rulesCheckCommand(const RulesOptions& options);
int rulesListCommand(const RulesOptions& options);
int rulesTestCommand(const RulesOptions& options);

struct BacktestOptions {
    std::vector<std::string> files;
    std::string config;
    std::string data;
    std::string since = "24h";
    std::string output = "table";
};
/// What rules would have said in the time that a running agent has kept (`history` in the configuration).
int backtestCommand(const BacktestOptions& options);
// These ask the running agent; those that only tell look at files and database where none runs.
int rulesShowCommand(const RulesOptions& options);
int rulesExplainCommand(const RulesOptions& options);
int rulesExportCommand(const RulesOptions& options);
int rulesHistoryCommand(const RulesOptions& options);
int rulesApplyCommand(const RulesOptions& options);
int rulesRevertCommand(const RulesOptions& options);
int rulesRemoveCommand(const RulesOptions& options);

struct AuditOptions {
    std::string config;
    std::string data;
    std::size_t limit = 50;
    operate::AuditWords words;
    std::string output = "text";
    std::string trusted;  ///< "seq:hash" noted earlier
};
int auditListCommand(const AuditOptions& options);
/// Oldest first, with what another program needs to check the chain (docs/audit.md).
int auditExportCommand(const AuditOptions& options);
int auditVerifyCommand(const AuditOptions& options);

/// Leads a person through making an application on a chat platform, or looks at what is configured. No secret comes by
/// the command line.
struct SetupOptions {
    bool check = false;  ///< looks at the applications of `config` and asks nobody anything
    std::string config;
    bool send = false;  ///< with `check`: a test card to every chat
    std::string id;
    std::string secretEnv;
    std::string secretFile;
    std::string domain;
    std::string chat;
    std::string name;  ///< of the application in the configuration
    std::string cardTemplate;
    std::string language;
};
int feishuSetupCommand(const SetupOptions& options);
int dingtalkSetupCommand(const SetupOptions& options);

/// What is kept, and where. Addresses with secrets stand in the configuration, a file or the environment.
struct StorageOptions {
    std::string config;
    std::string data;
    std::string output = "text";
    std::string from;  ///< "sqlite:DIR"
    std::string to;    ///< "postgres", by the configuration or one of these:
    std::string urlEnv;
    std::string urlFile;
};
/// Engine, schema, sizes, and whether the audit log holds.
int storageCheckCommand(const StorageOptions& options);
/// Everything from a data directory into an empty PostgreSQL database, all or nothing.
int storageMigrateCommand(const StorageOptions& options);

int configCheckCommand(const std::string& file);

// What several share.
int refuse(const Error& error);
int refuseAll(const std::vector<Error>& errors);
/// From a configuration file, or the defaults where none is given.
Result<app::Config> configFrom(const std::string& file);
/// `--data`, else that of the configuration, else the default.
std::filesystem::path dataOf(const std::string& data, const app::Config& config);
/// Of the agent with this configuration.
storage::Location databaseOf(const std::string& data, const app::Config& config);
/// Those that were applied to an agent with this database.
Result<std::vector<storage::RuleRevision>> appliedRules(const storage::Location& database);

}  // namespace klaw::cli
