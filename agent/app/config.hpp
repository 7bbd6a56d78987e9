#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/access/approval_rule.hpp"
#include "agent/access/exec_rule.hpp"
#include "agent/access/limit.hpp"
#include "agent/access/reveal_rule.hpp"
#include "agent/app/backup_settings.hpp"
#include "agent/app/heartbeat.hpp"
#include "agent/app/leadership_settings.hpp"
#include "agent/kube/cluster_source.hpp"
#include "agent/security/terms.hpp"
#include "base/error.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/labels.hpp"
#include "rules/maintenance.hpp"
#include "rules/routes.hpp"
#include "storage/location.hpp"
#include "storage/retention.hpp"

namespace klaw::app {

using ClusterConfig = kube::ClusterSource;
using SecretReference = kube::SecretReference;  ///< see fillSecrets()

/// One way to people.
struct ChannelConfig {
    enum class Type { Terminal, Webhook, DingTalk, Feishu };
    std::string name;
    Type type = Type::Terminal;
    std::string url;
    std::string secret;
    std::optional<SecretReference> urlFrom, secretFrom;
    std::vector<std::string> keywords;
    std::string language;  ///< empty: that of the configuration
    std::string app;       ///< writes as this application, with buttons that work, into `chat`; empty: to `url`
    std::string fallback;  ///< the channel that is told of what this one does not take; empty: none
    std::optional<std::uint64_t> callsPerMonth;  ///< of a robot by `url`; that of an application stands there
    std::string chat;  ///< Feishu oc_… or a person's id; DingTalk openConversationId or a userid
};

/// An application on a chat platform: what it writes can be changed and pressed, and people can write to it.
struct AppConfig {
    enum class Mode {
        Connection,  ///< Klaw keeps a connection open: Feishu's long connection, DingTalk's Stream mode
        Callback,    ///< the platform posts to <url>/callback/<name>
    };
    std::string name;  ///< channels refer to it
    ChannelConfig::Type type = ChannelConfig::Type::Feishu;
    std::string id;      ///< Feishu App ID, DingTalk Client ID
    std::string secret;  ///< App Secret, Client Secret
    std::optional<SecretReference> secretFrom, verificationTokenFrom, encryptKeyFrom;
    std::string domain;        ///< Feishu: feishu, lark or a base URL; DingTalk: a base URL; empty: the mainland's
    std::string robotCode;     ///< DingTalk; empty: the id
    std::string cardTemplate;  ///< DingTalk; empty: the public one
    std::string corpId;        ///< DingTalk: whose people may be somebody; empty: learnt
    bool listens = true;       ///< presses and messages come in
    Mode mode = Mode::Connection;
    std::string verificationToken;  ///< Feishu, of callbacks: one of these two at least
    std::string encryptKey;
    std::string language;                        ///< of answers; empty: that of the configuration
    std::optional<std::uint64_t> callsPerMonth;  ///< the platform's quota; nullopt: calls are counted only
    friend bool operator==(const AppConfig&, const AppConfig&) = default;
};

/// A server that is asked for metrics.
struct MetricTargetConfig {
    std::string name;
    std::string cluster;  ///< of which the series are; empty: the first one
    std::string url;
    std::string token;                ///< bearer
    std::filesystem::path tokenFile;  ///< read at each look; empty: none
    rules::Labels labels;             ///< added to each series
    std::optional<Duration> every;
};

struct MetricsConfig {
    Duration every = 30s;              ///< how often sources are asked
    bool kubelets = false;             ///< statistics of volumes and file systems; needs the right to nodes/proxy
    bool pods = false;                 ///< pages of Pods that ask for it by annotations
    bool kubeletCertificates = false;  ///< of kubelets, seen by dialling them; needs their port to be reachable
    bool secrets = false;  ///< certificates in Secrets of type kubernetes.io/tls; needs the right to list Secrets
    std::vector<MetricTargetConfig> targets;     ///< pages in the Prometheus text format
    std::vector<MetricTargetConfig> prometheus;  ///< servers that rules with `promql` ask
};

/// An Alertmanager whose silences follow Klaw's.
struct AlertmanagerConfig {
    std::string name;     ///< the url where none is given; unique
    std::string cluster;  ///< whose alerts it sends where they do not say; empty: the first one
    std::string url;
    std::string token;                ///< bearer
    std::filesystem::path tokenFile;  ///< read at each call; empty: none
};

/// What is watched, kept for `klaw rules backtest`.
struct HistoryConfig {
    Duration keep{};  ///< zero: nothing is kept
    std::uint64_t maxBytes = 2ull << 30;
    friend bool operator==(const HistoryConfig&, const HistoryConfig&) = default;
};

/// What Klaw does by itself about an alert.
struct RemedyConfig {
    std::string alert;   ///< name of the rule
    std::string action;  ///< "restart", "rollback", …
    Duration after{};    ///< that nobody has taken it
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;
};
struct RemediationConfig {
    std::vector<RemedyConfig> remedies;  ///< none: it does nothing
    std::int64_t perHour = 5;
    std::int64_t failures = 3;  ///< in a row: then it does nothing for an hour
};

/// The log of who did what.
struct AuditConfig {
    enum class Reads { All, Sensitive };
    std::optional<Duration> keep;  ///< nothing: for ever
    Reads reads = Reads::All;      ///< which of those that people ask for are recorded
};

/// A program that asks in somebody's name, by the Model Context Protocol.
struct McpPrincipalConfig {
    std::string name;
    std::string token;      ///< that it shows
    std::string identity;   ///< whose permissions it has: "feishu:ou_…"; "mcp:NAME", of the program itself
    bool changes = false;   ///< it may plan changes and ask people to confirm them
    std::string confirmIn;  ///< the channel whose chat gets the cards; empty: the person with that identity
};
struct McpConfig {
    std::vector<McpPrincipalConfig> principals;
    std::vector<std::string> hosts;  ///< names at which /mcp is reached, beside this machine's own and that of `url`
};

struct LogConfig {
    std::string level = "info";  ///< trace, debug, info, warn, error
    bool json = false;
};

/// Which of the rules that ship with Klaw run. Mixin: those of Fast as kube-prometheus names and times them.
enum class RulePack { Fast, Mixin, None };
std::optional<RulePack> rulePackFromString(std::string_view text);

/// Everything an agent needs to know, as configs/klaw.yaml explains it.
struct Config {
    std::vector<ClusterConfig> clusters;
    std::filesystem::path data;                 ///< directory of database and token; empty: defaultDataDirectory()
    std::optional<storage::Location> postgres;  ///< of `storage`; nothing: a file of SQLite in `data`
    std::string listenAddress = "127.0.0.1";
    std::uint16_t listenPort = 8917;
    std::string url;  ///< address of the page for links in cards; empty: http://<listen>
    std::string language = "en";
    int utcOffsetMinutes = 0;
    RulePack rulePack = RulePack::Fast;
    std::vector<std::filesystem::path> ruleDirectories;
    std::vector<AppConfig> apps;
    std::vector<ChannelConfig> channels;
    std::vector<access::Role> roles;              ///< beside viewer, operator and admin
    std::vector<access::Binding> bindings;        ///< of `access`: who may do what
    std::vector<access::ApprovalRule> approvals;  ///< changes that need a second person
    std::vector<access::Limit> limits;
    std::vector<access::ExecRule> exec;      ///< commands that may be run in containers
    std::vector<access::RevealRule> reveal;  ///< values of Secrets that may be shown in private
    RemediationConfig remediation;
    AuditConfig audit;
    security::Terms security;  ///< what `cluster audit` goes by
    std::vector<BackupConfig> backups;
    McpConfig mcp;
    std::vector<std::string> notify;  ///< channels where no route matches and no rule names one; empty: all
    std::vector<rules::Route> routes;
    std::vector<rules::Rota> rotas;  ///< of `on_call`
    std::vector<rules::MaintenanceWindow> maintenance;
    MetricsConfig metrics;
    std::string alertmanagerToken;  ///< that Alertmanager shows; empty: it must show that of the data directory
    std::vector<AlertmanagerConfig> alertmanagers;
    HeartbeatConfig heartbeat;
    LogConfig log;
    storage::RetentionLimits retention;
    HistoryConfig history;
    std::optional<LeadershipConfig> leadership;  ///< nothing: this agent is the only one
    Duration groupWait = 2s;
};

struct ConfigReport {
    Config config;
    std::vector<Error> errors;  ///< "file:line:column: message (remedy)"
    bool ok() const { return errors.empty(); }
};

/// Relative paths are relative to the file's directory. Secrets may stand in files (`url_file`, `secret_file`), in
/// environment variables (`url_env`, `secret_env`), or in Secrets of Kubernetes, which are read later (fillSecrets()).
ConfigReport parseConfig(const std::string& fileName, const std::string& text);
Result<ConfigReport> loadConfig(const std::filesystem::path& file);

/// $XDG_STATE_HOME/klaw or ~/.local/state/klaw; /var/lib/klaw for root and without a home.
std::filesystem::path defaultDataDirectory();
/// Beside it, so that `klaw do` finds the demo as well.
std::filesystem::path demoDataDirectory();

}  // namespace klaw::app
