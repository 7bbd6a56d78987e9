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
    // What somebody else put there, this agent neither counts nor deletes.
    std::erase_if(*files, [&](const backup::StoredFile& file) { return !remembers(file.name); });
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
        std::erase_if(*all, [&](const StoredArchive& archive) {
            return archive.name != name && (name != own || archive.backup != own);
        });
        if (all->empty()) continue;
        // One that this agent wrote goes before what anybody may have put there.
        auto meant = std::ranges::find_if(*all, [&](const StoredArchive& archive) { return remembers(archive.file); });
        if (meant == all->end()) meant = all->begin();
        co_return std::pair(job, std::move(*meant));
    }
    co_return fail(ErrorCode::NotFound, "there is no archive \"" + name + "\"", {}, "`cluster backups` lists them");
}

bool BackupDesk::remembersAnyOf(const std::string& backup) const {
    for (auto each = meta_.lower_bound(digestPrefix); each != meta_.end() && each->first.starts_with(digestPrefix);
         ++each) {
        auto name = backup::parseArchiveFileName(std::string_view(each->first).substr(digestPrefix.size()));
        if (name && name->backup == backup) return true;
    }
    return false;
}

Result<void> BackupDesk::hasRoomFor(const StoredArchive& archive) const {
    constexpr std::uint64_t spare = 64u << 20;  // for the agent's own storage
    std::error_code problem;
    std::filesystem::create_directories(spool_, problem);
    auto room = std::filesystem::space(spool_, problem);
    if (problem || room.available >= archive.bytes + spare) return {};
    return fail(ErrorCode::ResourceExhausted, "there is no room on the disk for the archive", archive.name,
                "make room in " + spool_.string());
}

Task<Result<OpenedArchive>> BackupDesk::open(std::string name, bool unknownToo) {
    auto found = co_await find(std::move(name));
    if (!found) co_return fail(std::move(found).error());
    struct Turn {
        explicit Turn(BackupDesk& of) : desk(of) { desk.fetching_ = true; }
        ~Turn() {
            desk.fetching_ = false;
            desk.changed_.notify();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        BackupDesk& desk;
    };
    auto isFree = [this] { return !fetching_; };
    co_await changed_.until(isFree);
    Turn turn(*this);
    auto place = found->second.name;
    auto archive = co_await opened(found->first, std::move(found->second), unknownToo);
    if (archive) co_return archive;
    auto error = std::move(archive).error();
    error.place = place;
    co_return fail(std::move(error));
}

namespace {

tl::unexpected<Error> forged(const char* what) {
    return fail(ErrorCode::DataLoss, std::string("this is not the archive that was written: ") + what, {},
                "nothing of it is used; take another archive");
}

}  // namespace

/// Somebody who can write files can make a whole archive; only the passphrase, and what this agent remembers, say which
/// ones it wrote.
Task<Result<OpenedArchive>> BackupDesk::opened(JobRef job, StoredArchive archive, bool unknownToo) {
    auto remembered = meta_.find(std::string(digestPrefix) + archive.file);
    bool known = remembered != meta_.end();
    auto digest = known ? remembered->second : std::string();
    bool doubtful = !known && !unknownToo && remembersAnyOf(archive.backup);
    if (doubtful)
        co_return fail(ErrorCode::PermissionDenied, "Klaw does not remember that it wrote this archive", {},
                       "if you know where it comes from, add --unknown-archive");
    if (auto room = hasRoomFor(archive); !room) co_return fail(std::move(room).error());
    auto store = job->store;
    auto file = co_await store->fetch(archive.file);
    if (!file) co_return fail(std::move(file).error());
    std::function<Result<std::optional<backup::FileKey>>()> derive = [of = *file, passphrase = job->config.passphrase] {
        return backup::keyOfArchive(*of, passphrase);
    };
    auto key = co_await aside_.run(std::move(derive));
    if (!key) co_return fail(std::move(key).error());
    bool plain = !key->has_value() || !archive.file.ends_with(backup::encryptedSuffix);
    if (plain && job->config.encrypts()) co_return forged("it is not encrypted");
    auto opened = co_await backup::verifiedInTurns(std::move(*file), std::move(*key));
    if (!opened) co_return opened;
    const auto& header = opened->summary.header;
    if (header.backup != archive.backup || header.startedAt != archive.at)
        co_return forged("it says that it is another one than its name does");
    if (known && digest != opened->summary.digest) co_return forged("it has another digest");
    opened->known = known;
    co_return opened;
}

}  // namespace klaw::app
