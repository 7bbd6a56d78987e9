// The archives that there are: found, verified and forgotten.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/app/backup_desk.hpp"
#include "agent/backup/archive_bytes.hpp"
#include "agent/backup/restore_source.hpp"

namespace klaw::app {

using backup::OpenedArchive;
using backup::StoredArchive;

namespace {

StoredArchive storedArchive(const backup::StoredFile& file, const backup::ArchiveName& name) {
    return {name.backup, backup::shownArchiveName(file.name), file.name, name.at, file.bytes};
}

}  // namespace

Task<void> BackupDesk::forgetOld(JobRef job) {
    auto prefix = job->config.name + "-";
    auto store = job->store;
    auto files = co_await store->list(std::move(prefix));
    if (!files) {
        spdlog::warn("backup {}: old archives cannot be listed: {}", job->config.name, files.error().describe());
        co_return;
    }
    for (const auto& file : backup::outdated(*files, job->config.name, job->config.keep, clock_.now())) {
        auto removed = co_await store->remove(file);
        if (!removed) {
            spdlog::warn("backup {}: {} stays: {}", job->config.name, file, removed.error().describe());
            continue;
        }
        auto key = std::string(digestPrefix) + file;
        meta_.erase(key);
        storage::UnitOfWork unit;
        unit.meta.push_back({std::move(key), {}});
        unit.audit.push_back(entryOf(*job, "removed", backup::shownArchiveName(file), "it need not be kept any more"));
        co_await events_.flush(std::move(unit));
    }
}

Task<Result<std::vector<StoredArchive>>> BackupDesk::archives(std::string backup) {
    std::vector<StoredArchive> all;
    if (!backup.empty())
        if (auto job = known(backup); !job) co_return fail(std::move(job).error());
    auto jobs = jobs_;
    for (const auto& job : jobs) {
        auto name = job->config.name;
        if (!backup.empty() && name != backup) continue;
        auto store = job->store;
        auto files = co_await store->list(name);
        if (!files) co_return fail(std::move(files).error());
        for (const auto& file : *files) {
            auto parsed = backup::parseArchiveFileName(file.name);
            bool own = parsed && (parsed->backup == name || parsed->backup == name + std::string(partSuffix));
            if (own) all.push_back(storedArchive(file, *parsed));
        }
    }
    std::ranges::sort(all, std::greater<>(), &StoredArchive::at);
    co_return all;
}

Task<Result<std::pair<BackupDesk::JobRef, StoredArchive>>> BackupDesk::find(std::string name) {
    auto jobs = jobs_;
    for (const auto& job : jobs) {
        auto own = job->config.name;
        if (!name.starts_with(own)) continue;
        auto all = co_await archives(own);
        if (!all) co_return fail(std::move(all).error());
        for (auto& archive : *all) {
            bool meant = archive.name == name || (name == own && archive.backup == own);
            if (meant) co_return std::pair(job, std::move(archive));
        }
    }
    co_return fail(ErrorCode::NotFound, "there is no archive \"" + name + "\"", {}, "`cluster backups` lists them");
}

Task<Result<OpenedArchive>> BackupDesk::open(std::string name) {
    auto found = co_await find(std::move(name));
    if (!found) co_return fail(std::move(found).error());
    auto job = found->first;
    auto archive = std::move(found->second);
    auto store = job->store;
    auto file = co_await store->fetch(archive.file);
    if (!file) co_return fail(std::move(file).error());
    std::function<Result<std::optional<backup::FileKey>>()> derive = [of = *file, passphrase = job->config.passphrase] {
        return backup::keyOfArchive(*of, passphrase);
    };
    auto key = co_await aside_.run(std::move(derive));
    if (!key) co_return fail(std::move(key).error());
    auto opened = co_await backup::verifiedInTurns(std::move(*file), std::move(*key));
    if (!opened) {
        auto error = std::move(opened).error();
        error.place = archive.name;
        co_return fail(std::move(error));
    }
    // Somebody who can write files can make a whole archive; only this agent can say which ones it wrote.
    auto digest = meta_.find(std::string(digestPrefix) + archive.file);
    bool another = digest != meta_.end() && digest->second != opened->summary.digest;
    if (another)
        co_return fail(ErrorCode::DataLoss, "this is not the archive that was written: it has another digest",
                       archive.name, "nothing of it is used; take another archive");
    co_return opened;
}

}  // namespace klaw::app
