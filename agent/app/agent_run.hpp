#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/app/agent.hpp"
#include "agent/app/approval_desk.hpp"
#include "agent/app/backup_desk.hpp"
#include "agent/app/candidacy.hpp"
#include "agent/app/chats.hpp"
#include "agent/app/cluster_book.hpp"
#include "agent/app/cluster_finder.hpp"
#include "agent/app/cluster_watch.hpp"
#include "agent/app/command_desk.hpp"
#include "agent/app/data_directory.hpp"
#include "agent/app/heartbeat.hpp"
#include "agent/app/live_control.hpp"
#include "agent/app/mcp_desk.hpp"
#include "agent/app/metric_watch.hpp"
#include "agent/app/metrics.hpp"
#include "agent/app/remediation.hpp"
#include "agent/app/reveal_desk.hpp"
#include "agent/app/rule_keeper.hpp"
#include "agent/app/sharing.hpp"
#include "agent/app/signals.hpp"
#include "agent/app/standby_console.hpp"
#include "agent/deliver/courier.hpp"
#include "agent/deliver/enricher.hpp"
#include "agent/deliver/silence_mirror.hpp"
#include "agent/mcp/http_endpoint.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/recording/history_writer.hpp"
#include "agent/recording/recording_server.hpp"
#include "agent/serve/console.hpp"
#include "agent/serve/leader_relay.hpp"
#include "base/async/loop_condition.hpp"
#include "base/net/http_client.hpp"
#include "storage/location.hpp"
#include "storage/recovery.hpp"

namespace klaw::app {

/// A running agent: clusters → pipeline → storage → courier, and the console beside it. All on one loop; storage has
/// its thread.
class AgentRun final : public serve::ConsoleBackend {
public:
    AgentRun(AgentSetup setup, DataDirectory data);
    ~AgentRun() override;

    /// Opens storage, takes up what was there, listens and begins to watch. An Error when nothing can run.
    Result<void> start();
    /// Until a signal ends it, or another agent takes over the database.
    Result<void> run();
    const LoopTurns& loopTurns() const { return loop_.turns(); }

    std::string metrics() override;
    Readiness readiness() override;
    std::string stateJson() override;
    std::uint64_t stateVersion() const override { return stateVersion_; }
    Task<void> stateNewerThan(std::uint64_t version, TimePoint until) override;
    Task<Answer> execute(std::string identity, std::string command, std::string language,
                         std::string attachment) override;
    Task<Result<Offered>> offer(std::string identity, std::string command, std::string language) override;
    Task<Answer> press(std::string identity, std::string nonce, std::string language) override;
    const std::string& token() const override { return data_.token(); }
    Task<Result<void>> receiveAlerts(std::string body, std::string cluster) override;
    Task<net::ServerResponse> chatCallback(net::ServerRequest request, std::string app, std::string rest) override {
        return chats_->receive(std::move(request), std::move(app), std::move(rest));
    }
    Task<net::ServerResponse> mcp(net::ServerRequest request) override;
    const std::string& receiverToken() const override { return setup_.config.alertmanagerToken; }

private:
    using Committed = std::function<void(Result<storage::Committed>)>;

    /// What was stored, and the connection on which it is written further.
    struct Past {
        std::optional<storage::Database> database;
        storage::RecoveredState state;
        std::string trouble;  ///< why nothing is stored
    };
    /// On any thread. `replica`: who takes the lead.
    Result<Past> readPast(const std::optional<std::string>& replica) const;
    Result<void> lead(Past past);
    void openWriter(storage::Database database);
    // One of several replicas: agent_standby.cpp.
    Result<void> standBy();
    void elected();
    Task<void> takeLead();
    Task<Result<Past>> readPastAside();
    Task<void> tellWhatIsKnown();
    void guardActs();
    StandbyConsole::State standbyState() const;
    Task<Result<void>> reloadStandby();
    Task<void> endStandby();
    // Clusters spread over replicas: agent_sharing.cpp.
    void openSharing(const kube::ClusterAccess& home);
    Task<net::ServerResponse> shared(net::ServerRequest request);
    Task<net::ServerResponse> passedOn(net::ServerRequest request);
    std::string leaderAddress() const;
    void followShares();
    void followShare(ClusterWatch& cluster);
    void noteServing();
    std::map<std::string, std::size_t> shares() const;
    std::string sharesText() const;
    std::string sharesMetrics() const;
    bool leads() const override { return role_ == Role::Alone || role_ == Role::Leading; }
    void announce();
    net::HttpServer::Handler consoleHandler();
    void endWriting();
    void openHistory();
    std::optional<recording::HistoryStatus> historyStatus() const;
    Result<void> listen();
    Result<void> startDemo();
    std::vector<kube::ClusterSource> clusterSources() const;
    void noteClusters(const std::vector<storage::MetaEntry>& entries);
    Task<void> watchClusterSources();
    Task<void> lookForClusters();
    void takeClusters(FoundClusters found);
    void auditMoves(const FoundClusters& found);
    void followClusters(const std::vector<kube::ClusterAccess>& wanted);
    void keepWatchedClusters();
    void watch(const kube::ClusterAccess& access);
    Task<void> endLeaving();
    void startLookingUp();
    Task<Result<std::string>> askAbout(std::string cluster, std::string path);
    void startMetrics();
    void openBackups(const std::map<std::string, std::string, std::less<>>& meta);
    void startTasks();
    void openCourier();
    void standIn(const std::string& channel, const std::string& incident);
    std::vector<scrape::ChannelOutage> channelOutages() const;
    std::string heartbeatTrouble(Duration undelivered) const;
    void followChannels();
    void followAccess();
    void countEarlierChanges();
    void noteGrants(std::vector<storage::MetaEntry> entries);
    Result<void> loadRules(const std::vector<storage::RuleRevision>& applied);
    void followAlertmanagers();
    // Programs that ask: agent_mcp.cpp.
    void openMcp();
    Task<void> recordAsking(storage::AuditEntry entry);
    Task<Result<void>> askPeople(McpPrincipalConfig principal, std::string card, Answered answered,
                                 storage::AuditEntry entry);
    Result<storage::Delivery> cardForPeople(const McpPrincipalConfig& principal, const std::string& card,
                                            const Answered& answered) const;
    deliver::Commit commitThroughGate();

    void changed(const rules::Change& change);
    void listCompleted(std::string_view cluster, std::string_view resource);
    void scheduleFlush();
    /// Commits everything that has happened, with the audit entries, meta and claims of `with` in the same transaction.
    void flush(storage::UnitOfWork with = {}, Committed done = {});
    Task<Result<storage::Committed>> flushedWith(storage::UnitOfWork with);
    Task<Result<storage::Committed>> recorded(storage::UnitOfWork with);
    Task<Result<void>> flushed(std::vector<storage::AuditEntry> audit);
    void noteState();

    Task<void> watchTime();
    Task<void> watchSignals();
    Task<void> keepHouse();
    storage::RetentionLimits retention() const;
    Task<void> shutDown();
    void endOvertaken(const Error& reason);
    Result<void> becomeWriter(storage::Database& database, const std::optional<std::string>& replica) const;
    Task<void> reload();
    Task<Result<void>> reloadAll();
    Result<Config> readConfigAgain();
    void followConfig();
    void replaceRules(std::shared_ptr<const rules::RuleSet> rules);
    operate::Caller callerOf(std::string identity, const std::string& language) const;
    void commitWithCourier(storage::UnitOfWork unit, Committed done);

    AgentSetup setup_;
    DataDirectory data_;
    storage::Location database_;
    Loop loop_;
    SystemLoopClock clock_;
    SystemRandom random_;
    std::unique_ptr<storage::Writer> writer_;
    std::unique_ptr<deliver::CommitGate> gate_;
    net::HttpClient http_;
    Metrics metrics_;
    std::unique_ptr<deliver::Courier> courier_;
    std::unique_ptr<RuleKeeper> rules_;
    std::unique_ptr<deliver::SilenceMirrors> silenceMirrors_;
    Heartbeat heartbeat_;
    std::unique_ptr<recording::HistoryWriter> history_;  ///< nullptr: nothing of what is watched is kept
    WatchedObjects objects_;
    std::unique_ptr<AlertPipeline> pipeline_;
    std::unique_ptr<Sharing> sharing_;           ///< nullptr: this replica watches all clusters
    std::unique_ptr<serve::LeaderRelay> relay_;  ///< nullptr: it is not known where the leader is
    std::vector<std::unique_ptr<ClusterWatch>> clusters_;
    std::vector<std::unique_ptr<ClusterWatch>> leaving_;  ///< watched no longer; until nothing of them runs
    std::unique_ptr<deliver::Enricher> enricher_;
    std::unique_ptr<MetricWatch> metricWatch_;
    std::unique_ptr<LiveControl> control_;
    std::unique_ptr<access::Gate> access_;
    access::GrantBook grants_;
    ClusterBook clusterBook_{clusterKeyPrefix};
    DefaultsBook defaultsBook_{defaultsKeyPrefix};
    SecurityBook securityBook_{securityKeyPrefix};
    LoopCondition clusterSourcesChanged_;
    bool lookForClustersNow_ = true;
    std::uint64_t looks_ = 0;
    std::unique_ptr<BackupDesk> backups_;
    std::unique_ptr<ChangeDesk> changes_;
    std::unique_ptr<ApprovalDesk> approvals_;
    std::unique_ptr<RevealDesk> reveals_;
    std::unique_ptr<CommandDesk> commands_;
    std::unique_ptr<Remediation> remediation_;
    std::unique_ptr<CallBudgets> budgets_;
    std::unique_ptr<Chats> chats_;
    std::unique_ptr<McpDesk> mcp_;
    std::unique_ptr<mcp::HttpEndpoint> mcpEndpoint_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<recording::RecordingServer> demo_;
    Signals signals_;
    TaskGroup tasks_;
    TaskGroup endTask_;
    LoopCondition timeChanged_;
    std::optional<TimePoint> waitingFor_;
    LoopCondition stateChanged_;
    std::uint64_t stateVersion_ = 1;
    enum class Role { Alone, StandingBy, TakingOver, Leading };
    Role role_ = Role::Alone;
    std::unique_ptr<Candidacy> candidacy_;  ///< nullptr: there is one replica
    std::unique_ptr<StandbyConsole> standbyConsole_;
    LoopCondition roleChanged_;
    std::thread readingPast_;
    std::map<std::string, std::string, std::less<>> namesElsewhere_;  ///< which a standby has looked up before
    bool flushScheduled_ = false;
    bool wasReady_ = false;
    bool ending_ = false;
    std::optional<Error> overtaken_;  ///< another agent writes now
    bool endingLeaving_ = false;
    std::uint16_t port_ = 0;
    std::string consoleUrl_;
    std::string storageTrouble_;
    std::string reloadTrouble_;           ///< why the configuration or the rules were not taken over; empty: they were
    std::deque<rules::Incident> lately_;  ///< resolved, newest first, for the page
};

}  // namespace klaw::app
