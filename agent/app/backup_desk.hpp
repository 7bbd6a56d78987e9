#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/app/backup_settings.hpp"
#include "agent/backup/aside.hpp"
#include "agent/backup/keeper.hpp"
#include "agent/kube/api_server.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "rules/received_alert.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// What metrics say of one backup, since the agent runs but for the last success.
struct BackupCounts {
    std::string name;
    std::optional<TimePoint> lastSuccess;
    std::uint64_t done = 0, failed = 0;
    std::uint64_t bytes = 0;  ///< of the last good one
};

/// Makes archives, by schedule and when somebody asks, one at a time; forgets old ones. What it knows of the runs is
/// durable: one that was missed is made up once, one in which the agent ended is told of and made again. A failure, and
/// an archive that lacks something, is an alert, `KlawBackupFailed`, until the next good one. On the loop thread.
class BackupDesk final : public backup::Keeper {
public:
    struct Events {
        /// Of the cluster by its name, of the first one for an empty name; nullptr where there is none.
        std::function<std::shared_ptr<kube::ApiServer>(const std::string& cluster)> server;
        std::function<Task<Result<storage::Committed>>(storage::UnitOfWork)> flush;
        std::function<void(std::vector<rules::ReceivedAlert>)> notice;
    };
    /// `spool`: a directory for what is fetched from elsewhere, while it is read. `meta`: from an earlier life.
    BackupDesk(Loop& loop, LoopClock& clock, std::filesystem::path spool, Events events,
               const std::map<std::string, std::string, std::less<>>& meta);

    /// The backups of the configuration, from now on.
    void follow(const std::vector<BackupConfig>& backups);
    /// The schedules, until it is cancelled.
    Task<void> run();
    Task<void> stop() {
        ending_ = true;
        return tasks_.stop();
    }
    std::vector<BackupCounts> counts() const;

    std::vector<backup::BackupView> backups() const override;
    Task<Result<std::optional<backup::StoredArchive>>> make(std::string backup,
                                                            std::vector<std::string> namespaces) override;
    Task<Result<std::vector<backup::StoredArchive>>> archives(std::string backup) override;
    Task<Result<backup::OpenedArchive>> open(std::string name, bool unknownToo) override;

    /// Behind the name of the backup, of an archive that has not all that it has: retention, and whoever takes the
    /// newest, leave it alone.
    static constexpr std::string_view partSuffix = "_part";
    /// Of the entries in meta.
    static constexpr std::string_view historyPrefix = "backup:", digestPrefix = "backup-digest:";

private:
    struct Job {
        BackupConfig config;
        std::shared_ptr<backup::Store> store;
        backup::RunHistory history;
        std::string lastError;
        bool running = false, queued = false;  ///< queued: until its run has ended
        std::uint64_t done = 0, failed = 0, bytes = 0;
    };
    using JobRef = std::shared_ptr<Job>;

    JobRef jobNamed(const std::string& name) const;
    Result<JobRef> known(const std::string& name) const;
    std::shared_ptr<backup::Store> storeOf(const BackupConfig& config);
    backup::ArchiveHeader headerOf(const Job& job, std::vector<std::string> namespaces) const;
    struct UnderWay;
    struct Place;
    Task<void> makeAlone(std::shared_ptr<Place> place, std::vector<std::string> namespaces,
                         std::shared_ptr<UnderWay> work);
    Task<Result<backup::StoredArchive>> makeSafely(JobRef job, std::vector<std::string> namespaces);
    Task<Result<backup::StoredArchive>> makeOne(JobRef job, std::vector<std::string> namespaces);
    Task<Result<backup::ArchiveSummary>> write(JobRef job, backup::ArchiveHeader header, std::string file);
    Task<void> ended(JobRef job, Result<backup::StoredArchive> made, backup::ArchiveSummary summary, bool whole);
    Task<void> forgetOld(JobRef job);
    Task<void> tellOfInterrupted();
    Task<void> keepKnown();
    Task<void> runDue(JobRef job);
    void notice(const Job& job, bool fails, const std::string& why);
    storage::MetaEntry kept(const Job& job) const;
    storage::AuditEntry entryOf(const Job& job, const std::string& decision, const std::string& archive,
                                const std::string& result) const;
    Task<Result<std::pair<JobRef, backup::StoredArchive>>> find(std::string name);
    Task<Result<backup::OpenedArchive>> opened(JobRef job, backup::StoredArchive archive, bool unknownToo);
    Result<void> hasRoomFor(const backup::StoredArchive& archive) const;
    bool remembers(const std::string& file) const { return meta_.contains(std::string(digestPrefix) + file); }
    /// Whether the digest of any archive of that backup is remembered.
    bool remembersAnyOf(const std::string& backup) const;

    Loop& loop_;
    LoopClock& clock_;
    std::filesystem::path spool_;
    Events events_;
    backup::Aside aside_;
    std::map<std::string, std::string, std::less<>> meta_;  ///< what is kept of runs and archives
    std::vector<JobRef> jobs_;
    LoopCondition changed_;
    bool busy_ = false, fetching_ = false, ending_ = false;
    std::uint64_t changes_ = 0;  ///< of what run() looks at
    TaskGroup tasks_;
};

}  // namespace klaw::app
