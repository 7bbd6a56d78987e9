#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/app/alert_pipeline.hpp"
#include "agent/app/backup_desk.hpp"
#include "agent/app/chats.hpp"
#include "agent/app/cluster_watch.hpp"
#include "agent/app/heartbeat.hpp"
#include "agent/app/metric_board.hpp"
#include "agent/deliver/courier.hpp"
#include "agent/deliver/enricher.hpp"
#include "agent/deliver/silence_mirror.hpp"
#include "agent/recording/history_writer.hpp"
#include "base/async/loop.hpp"
#include "storage/writer.hpp"

namespace klaw::app {

/// What is measured as it happens; everything else is read where it is kept when somebody asks.
class Metrics {
public:
    Metrics();
    ~Metrics();
    void cardDelivered(const std::string& channel, const std::string& kind, const deliver::CardLatency& latency);

    struct Sources {
        const AlertPipeline& pipeline;
        const deliver::Courier& courier;
        const deliver::SilenceMirrors& silenceMirrors;
        const std::vector<std::unique_ptr<ClusterWatch>>& clusters;
        const storage::Writer& writer;
        std::vector<ChatView> chats;
        std::vector<std::shared_ptr<const notifiers::Account>> accounts;
        Heartbeat::Counts heartbeats;
        bool ready = false;
        bool reloadSuccessful = true;  ///< of the configuration and the rules, the last time
        LoopTurns turns;
        std::vector<MetricSourceStatus> metricSources;
        std::optional<recording::HistoryStatus> history;  ///< nullopt: none is kept
        deliver::Enricher::Counts enrichment;
        std::vector<BackupCounts> backups;
    };
    /// Prometheus text format 0.0.4.
    std::string text(const Sources& sources) const;
    /// Of a replica that does not lead.
    static std::string standbyText(const std::vector<std::unique_ptr<ClusterWatch>>& clusters, bool ready,
                                   LoopTurns turns);
    /// Of one of several replicas that share their clusters. `clusters`: how many it has from where, "" being the API
    /// server.
    static std::string sharesText(const std::map<std::string, std::size_t>& clusters, std::size_t replicas);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::app
