#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/backup/archive_writer.hpp"
#include "agent/backup/discovery.hpp"
#include "agent/backup/store.hpp"
#include "base/async/loop_clock.hpp"

namespace klaw::backup {

/// Reads a cluster, list after list, into an archive: one page of a list is in memory at a time, and the loop has its
/// turns in between. Each list is of one resourceVersion; one that expires while it is read (410) is begun anew. What
/// cannot be read is named in the archive; a namespace that is not there, and a cluster that does not answer, is an
/// Error. Nothing is committed.
class BackupRun {
public:
    /// References outlive the run.
    BackupRun(LoopClock& clock, Fetch fetch, ArchiveHeader header, ArchiveWriter& writer, Upload& upload);

    Task<Result<ArchiveSummary>> write();

private:
    /// Which objects of a list are wanted, beyond those that nobody keeps; empty: all.
    using Wanted = std::function<bool(const std::string& name)>;

    Task<Result<void>> writeKinds(std::vector<Kind> kinds);
    Task<Result<void>> writeCluster(std::vector<Kind> kinds);
    Task<Result<void>> writeNamespaces(std::vector<Kind> kinds);
    Task<Result<std::vector<std::string>>> definitionsInUse(const std::vector<Kind>& kinds);
    Task<Result<bool>> hasAny(Kind kind);
    Task<Result<void>> writeList(Kind kind, std::string ns, std::string query, Wanted wanted);
    Task<Result<void>> writePages(Kind kind, std::string path, std::string query, Wanted wanted);
    Task<Result<void>> writeItems(Kind kind, std::string body, Wanted wanted, std::string& version, std::string& token);
    Task<Result<void>> drain(std::size_t above);
    Task<Result<std::string>> ask(std::string path, bool divisible = false);
    bool isWanted(const Kind& kind) const;

    LoopClock& clock_;
    Fetch fetch_;
    ArchiveHeader header_;
    ArchiveWriter& writer_;
    Upload& upload_;
    std::size_t pageSize_ = 500;
};

}  // namespace klaw::backup
