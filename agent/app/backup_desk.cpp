#include "agent/app/backup_desk.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/app/version.hpp"
#include "agent/backup/backup_run.hpp"
#include "agent/backup/directory_store.hpp"
#include "agent/backup/s3_store.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::app {
namespace {

using Json = nlohmann::json;
using backup::ArchiveSummary;
using backup::StoredArchive;

constexpr Duration pageTakes = 60s;
/// Whoever asks from a terminal waits no longer for an answer.
constexpr Duration longestWait = 45s;
constexpr auto alertName = "KlawBackupFailed";

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view shown(BackupConfig::Secrets secrets) {
    switch (secrets) {
        case BackupConfig::Secrets::LeaveOut:
            return "left out";
        case BackupConfig::Secrets::Encrypted:
            return "encrypted";
        case BackupConfig::Secrets::Plain:
            return "plain";
    }
    return "left out";
}

backup::RunHistory historyFrom(const std::string& text, TimePoint now) {
    auto json = parsedJson<Json>(text);
    auto time = [&](const char* name) { return parseRfc3339(textAt(json, name)); };
    backup::RunHistory history;
    history.knownSince = time("knownSince").value_or(now);
    history.begun = time("begun");
    history.ended = time("ended");
    history.succeeded = time("succeeded");
    history.failed = flagAt(json, "failed", false);
    history.interruptions = integerAt(json, "interruptions").value_or(0);
    return history;
}

Task<Result<std::string>> pageOf(std::shared_ptr<kube::ApiServer> server, std::string path, std::string accept) {
    auto answer = co_await server->get(std::move(path), pageTakes, std::move(accept));
    if (!answer) co_return fail(std::move(answer).error());
    co_return std::move(answer->body);
}

}  // namespace

BackupDesk::BackupDesk(Loop& loop, LoopClock& clock, std::filesystem::path spool, Events events,
                       const std::map<std::string, std::string, std::less<>>& meta)
    : loop_(loop),
      clock_(clock),
      spool_(std::move(spool)),
      events_(std::move(events)),
      aside_(loop),
      changed_(loop),
      tasks_(loop, reportFailure) {
    for (auto prefix : {historyPrefix, digestPrefix})
        for (auto each = meta.lower_bound(prefix); each != meta.end() && each->first.starts_with(prefix); ++each)
            meta_.insert(*each);
}

std::shared_ptr<backup::Store> BackupDesk::storeOf(const BackupConfig& config) {
    if (config.s3) return std::make_shared<backup::S3Store>(loop_, clock_, *config.s3, config.credentials, spool_);
    return std::make_shared<backup::DirectoryStore>(aside_, config.directory, spool_);
}

void BackupDesk::follow(const std::vector<BackupConfig>& backups) {
    std::vector<JobRef> jobs;
    for (const auto& config : backups) {
        auto job = jobNamed(config.name);  // which may be running
        if (!job) job = std::make_shared<Job>();
        job->config = config;
        job->store = storeOf(config);
        auto known = meta_.find(std::string(historyPrefix) + config.name);
        if (!job->history.begun) job->history = historyFrom(known == meta_.end() ? "" : known->second, clock_.now());
        jobs.push_back(std::move(job));
    }
    jobs_ = std::move(jobs);
    ++changes_;
    changed_.notify();
}

BackupDesk::JobRef BackupDesk::jobNamed(const std::string& name) const {
    auto found = std::ranges::find_if(jobs_, [&](const JobRef& job) { return job->config.name == name; });
    return found == jobs_.end() ? nullptr : *found;
}

Result<BackupDesk::JobRef> BackupDesk::known(const std::string& name) const {
    if (auto job = jobNamed(name)) return job;
    return fail(ErrorCode::NotFound, "there is no backup \"" + name + "\"", {}, "`cluster backups` lists them");
}

std::vector<BackupCounts> BackupDesk::counts() const {
    std::vector<BackupCounts> all;
    for (const auto& job : jobs_)
        all.push_back({job->config.name, job->history.succeeded, job->done, job->failed, job->bytes});
    return all;
}

std::vector<backup::BackupView> BackupDesk::backups() const {
    std::vector<backup::BackupView> views;
    for (const auto& job : jobs_) {
        const auto& config = job->config;
        auto server = events_.server(config.cluster);
        auto cluster = config.cluster.empty() && server ? server->access().name : config.cluster;
        views.push_back({config.name, std::move(cluster), config.namespaces, job->store->place(),
                         std::string(shown(config.secrets())), job->running, job->history.succeeded,
                         backup::nextRun(config.schedule, job->history), job->lastError});
    }
    return views;
}

struct BackupDesk::UnderWay {
    explicit UnderWay(Loop& loop) : changed(loop) {}
    void end(Result<StoredArchive> made) {
        if (!result) result = std::move(made);
        changed.notify();
    }
    std::optional<Result<StoredArchive>> result;
    LoopCondition changed;
};

/// In the queue, until its run has ended whatever way.
struct BackupDesk::Place {
    Place(BackupDesk& of, JobRef whose) : desk(of), job(std::move(whose)) { job->queued = true; }
    ~Place() {
        job->queued = false;
        ++desk.changes_;
        desk.changed_.notify();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    BackupDesk& desk;
    JobRef job;
};

Task<Result<std::optional<StoredArchive>>> BackupDesk::make(std::string backup, std::vector<std::string> namespaces) {
    auto job = known(backup);
    if (!job) co_return fail(std::move(job).error());
    if ((*job)->queued) co_return fail(ErrorCode::Conflict, "this backup is being made already", backup);
    const auto& all = (*job)->config.namespaces;
    for (const auto& ns : namespaces)
        if (!all.empty() && std::ranges::find(all, ns) == all.end())
            co_return fail(ErrorCode::InvalidArgument, "the backup does not have the namespace \"" + ns + "\"", backup);
    // It goes on to its end when whoever asked is gone.
    auto work = std::make_shared<UnderWay>(loop_);
    auto place = std::make_shared<Place>(*this, *job);
    if (!tasks_.spawn("backup " + backup, makeAlone(std::move(place), std::move(namespaces), work)))
        co_return fail(ErrorCode::Cancelled, "the agent ends");
    auto ended = [work] { return work->result.has_value(); };
    bool done = co_await work->changed.until(ended, clock_, clock_.now() + longestWait);
    if (!done) co_return std::optional<StoredArchive>();
    if (!*work->result) co_return fail(work->result->error());
    co_return std::optional(std::move(**work->result));
}

/// One after the other: two that write at once would be in each other's way.
Task<void> BackupDesk::makeAlone(std::shared_ptr<Place> place, std::vector<std::string> namespaces,
                                 std::shared_ptr<UnderWay> work) {
    auto job = place->job;
    struct Interruption {
        explicit Interruption(UnderWay& of) : work(of) {}
        ~Interruption() { work.end(fail(ErrorCode::Cancelled, "the agent ends")); }
        Interruption(const Interruption&) = delete;
        Interruption& operator=(const Interruption&) = delete;
        UnderWay& work;
    };
    Interruption interruption(*work);
    struct Turn {
        explicit Turn(BackupDesk& of, JobRef whose) : desk(of), job(std::move(whose)) {
            desk.busy_ = job->running = true;
        }
        ~Turn() {
            desk.busy_ = job->running = false;
            ++desk.changes_;
            desk.changed_.notify();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        BackupDesk& desk;
        JobRef job;
    };
    auto isFree = [this] { return !busy_; };
    co_await changed_.until(isFree);
    Turn turn(*this, job);
    auto made = co_await makeSafely(job, std::move(namespaces));
    work->end(std::move(made));
}

/// A run that throws has failed, and is recorded and told of as one.
Task<Result<StoredArchive>> BackupDesk::makeSafely(JobRef job, std::vector<std::string> namespaces) {
    bool whole = namespaces.empty() || namespaces == job->config.namespaces;
    std::string thrown;
    try {
        co_return co_await makeOne(job, std::move(namespaces));
    } catch (const std::bad_alloc&) {
        thrown = "there is not enough memory";
    } catch (const nlohmann::json::exception& exception) {
        thrown = exception.what();
    } catch (const std::filesystem::filesystem_error& exception) {
        thrown = exception.what();
    }
    Result<StoredArchive> made = fail(ErrorCode::Internal, thrown, job->config.name);
    ArchiveSummary nothing;
    co_await ended(job, made, std::move(nothing), whole);
    co_return made;
}

backup::ArchiveHeader BackupDesk::headerOf(const Job& job, std::vector<std::string> namespaces) const {
    backup::ArchiveHeader header;
    bool part = !namespaces.empty() && namespaces != job.config.namespaces;
    header.backup = job.config.name + (part ? std::string(partSuffix) : "");
    header.cluster = job.config.cluster;
    header.startedAt = std::chrono::floor<std::chrono::seconds>(clock_.now());
    header.namespaces = std::move(namespaces);
    if (header.namespaces.empty()) header.namespaces = job.config.namespaces;
    header.secrets = job.config.secrets() != BackupConfig::Secrets::LeaveOut;
    header.klaw = programVersion;
    return header;
}

Task<Result<StoredArchive>> BackupDesk::makeOne(JobRef job, std::vector<std::string> namespaces) {
    auto header = headerOf(*job, std::move(namespaces));
    bool whole = header.backup == job->config.name;
    auto file = backup::archiveFileName(header.backup, header.startedAt, job->config.encrypts());
    if (whole) job->history.begun = header.startedAt;
    storage::UnitOfWork begun;
    if (whole) begun.meta.push_back(kept(*job));
    for (const auto& entry : begun.meta) meta_[entry.key] = entry.value;
    co_await events_.flush(std::move(begun));
    auto name = header.backup;
    auto store = job->store;  // a reload may bring another one
    auto cleared = co_await store->clearLeftovers(std::move(name));
    if (cleared && *cleared > 0)
        spdlog::info("backup {}: removed {} that were not finished", job->config.name, *cleared);
    StoredArchive archive{header.backup, backup::shownArchiveName(file), file, header.startedAt, 0};
    auto summary = co_await write(job, std::move(header), std::move(file));
    Result<StoredArchive> made = archive;
    if (!summary) made = fail(summary.error());
    if (summary) made->bytes = summary->bytes;
    auto written = summary.value_or(ArchiveSummary());
    bool complete = made && written.missing.empty();
    co_await ended(job, made, std::move(written), whole);
    if (complete && whole) co_await forgetOld(job);
    co_return made;
}

Task<Result<ArchiveSummary>> BackupDesk::write(JobRef job, backup::ArchiveHeader header, std::string file) {
    auto server = events_.server(job->config.cluster);
    if (!server)
        co_return fail(ErrorCode::NotFound, "there is no cluster \"" + job->config.cluster + "\"", job->config.name);
    header.cluster = server->access().name;
    auto version = co_await server->version();
    if (!version) co_return fail(std::move(version).error());
    header.serverVersion = *version;
    std::optional<backup::FileKey> key;
    if (job->config.encrypts() && job->config.passphrase.empty())
        co_return fail(ErrorCode::InvalidArgument, "the passphrase is empty, or not known yet", job->config.name,
                       "nothing was written; see `encryption` of the backup");
    if (!job->config.passphrase.empty()) {
        std::function<Result<backup::FileKey>()> derive = [passphrase = job->config.passphrase] {
            return backup::newFileKey(passphrase);
        };
        auto made = co_await aside_.run(std::move(derive));
        if (!made) co_return fail(std::move(made).error());
        key = std::move(*made);
    }
    auto store = job->store;
    auto upload = co_await store->create(std::move(file));
    if (!upload) co_return fail(std::move(upload).error());
    backup::Fetch fetch = [server](std::string path, std::string accept) {
        return pageOf(server, std::move(path), std::move(accept));
    };
    backup::ArchiveWriter writer(header, std::move(key));
    backup::BackupRun run(clock_, fetch, header, writer, **upload);
    auto summary = co_await run.write();
    if (summary && summary->objects == 0)
        summary = fail(ErrorCode::DataLoss, "not one object could be read", job->config.name,
                       "see what the agent may list in the cluster");
    if (summary) {
        auto committed = co_await (*upload)->commit();
        if (committed) co_return summary;
        summary = fail(std::move(committed).error());
    }
    co_await (*upload)->abandon();
    co_return summary;
}

storage::MetaEntry BackupDesk::kept(const Job& job) const {
    Json json{{"knownSince", formatRfc3339(job.history.knownSince)},
              {"failed", job.history.failed},
              {"interruptions", job.history.interruptions}};
    auto put = [&](const char* name, const std::optional<TimePoint>& time) {
        if (time) json[name] = formatRfc3339(*time);
    };
    put("begun", job.history.begun);
    put("ended", job.history.ended);
    put("succeeded", job.history.succeeded);
    return {std::string(historyPrefix) + job.config.name, dumped(json)};
}

storage::AuditEntry BackupDesk::entryOf(const Job& job, const std::string& decision, const std::string& archive,
                                        const std::string& result) const {
    Json detail{{"backup", job.config.name}, {"place", job.store->place()}};
    if (!result.empty()) detail["result"] = result;
    auto server = events_.server(job.config.cluster);
    auto cluster = server ? server->access().name : job.config.cluster;
    return {clock_.now(), "klaw", "cluster backup", decision, cluster + "/archive/" + archive, dumped(detail)};
}

namespace {

/// What people are told of an archive that has not all that it should have; empty: it has.
std::string lackOf(const ArchiveSummary& summary) {
    constexpr std::size_t most = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(summary.missing.size(), most); ++i)
        text += (text.empty() ? "the archive lacks " : "; ") + summary.missing[i];
    if (summary.missing.size() > most) text += "; and " + std::to_string(summary.missing.size() - most) + " more";
    return text;
}

}  // namespace

Task<void> BackupDesk::ended(JobRef job, Result<StoredArchive> made, ArchiveSummary summary, bool whole) {
    storage::UnitOfWork unit;
    auto lack = made ? lackOf(summary) : made.error().describe();
    if (whole) {
        job->history.ended = clock_.now();
        job->history.failed = !made;
        job->history.interruptions = 0;
        if (lack.empty()) job->history.succeeded = job->history.begun;
        job->lastError = lack;
        unit.meta.push_back(kept(*job));
        meta_[unit.meta.back().key] = unit.meta.back().value;
    }
    if (made) {
        ++job->done;
        job->bytes = made->bytes;
        auto key = std::string(digestPrefix) + made->file;
        meta_[key] = summary.digest;
        unit.meta.push_back({key, summary.digest});
        spdlog::info("backup {}: {} objects in {}", job->config.name, summary.objects, made->name);
        for (const auto& missing : summary.missing) spdlog::warn("backup {}: missing: {}", job->config.name, missing);
        unit.audit.push_back(
            entryOf(*job, "done", made->name, std::to_string(summary.objects) + " objects, SHA-256 " + summary.digest));
    } else {
        ++job->failed;
        spdlog::error("backup {} failed: {}", job->config.name, made.error().describe());
        unit.audit.push_back(entryOf(*job, "failed", job->config.name, made.error().describe()));
    }
    if (whole) notice(*job, !lack.empty(), lack);
    co_await events_.flush(std::move(unit));
}

/// By the way that alerts of other systems come, so that routes and silences are about it too.
void BackupDesk::notice(const Job& job, bool fails, const std::string& why) {
    rules::ReceivedAlert received;
    received.firing = fails;
    auto& alert = received.alert;
    alert.origin = "klaw";
    alert.rule = alertName;
    auto server = events_.server(job.config.cluster);
    alert.cluster = server ? server->access().name : job.config.cluster;
    alert.labels = {{"backup", job.config.name}};
    alert.severity = rules::Severity::Warning;
    alert.title = {"The backup " + job.config.name + " failed, or lacks something",
                   "备份 " + job.config.name + " 失败或不完整"};
    alert.description = {why, why};
    alert.activeAt = clock_.now();
    std::vector<rules::ReceivedAlert> alerts;
    alerts.push_back(std::move(received));
    events_.notice(std::move(alerts));
}

}  // namespace klaw::app
