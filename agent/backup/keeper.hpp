#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/backup/archive.hpp"
#include "agent/backup/archive_reader.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::backup {

/// A backup of the configuration, as people see it.
struct BackupView {
    std::string name;
    std::string cluster;
    std::vector<std::string> namespaces;  ///< empty: all
    std::string place;                    ///< "/var/backups", "s3://bucket/prefix"
    std::string secrets;                  ///< "encrypted", "plain", "left out"
    bool running = false;
    std::optional<TimePoint> lastSuccess, nextRun;
    std::string lastError;  ///< of the last run; empty: it was good
};

/// An archive where it is kept.
struct StoredArchive {
    std::string backup;
    std::string name;  ///< as shownArchiveName() says it
    std::string file;
    TimePoint at{};
    std::uint64_t bytes = 0;
};

/// An archive that has proved whole and good, ready to be read.
struct OpenedArchive {
    std::shared_ptr<const LocalFile> file;
    std::optional<FileKey> key;
    ArchiveSummary summary;
    std::vector<bool> counts;  ///< by list, as ArchiveReader numbers them
    bool known = true;         ///< its digest is remembered from when it was written
};

/// What the agent keeps: its backups and their archives. On the loop thread.
class Keeper {
public:
    virtual ~Keeper() = default;
    virtual std::vector<BackupView> backups() const = 0;
    /// Makes an archive now. `namespaces` in place of those of the configuration; empty: those. nullopt where it takes
    /// longer than anybody waits for an answer: it goes on. Conflict while it is being made already.
    virtual Task<Result<std::optional<StoredArchive>>> make(std::string backup,
                                                            std::vector<std::string> namespaces) = 0;
    /// Newest first, of one backup or of all; an Error where one place does not answer.
    virtual Task<Result<std::vector<StoredArchive>>> archives(std::string backup) = 0;
    /// Fetches and verifies an archive, by its name or as the newest of a backup, one at a time. DataLoss where it is
    /// not what was written. PermissionDenied for one whose digest is not remembered while those of others of its
    /// backup are, unless `unknownToo`. ResourceExhausted where there is no room for it.
    virtual Task<Result<OpenedArchive>> open(std::string name, bool unknownToo) = 0;
};

}  // namespace klaw::backup
