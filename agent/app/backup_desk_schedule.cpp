// When backups are made by themselves, and what is told after a start.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/app/backup_desk.hpp"

namespace klaw::app {

Task<void> BackupDesk::tellOfInterrupted() {
    auto jobs = jobs_;
    for (const auto& job : jobs) {
        const auto& history = job->history;
        bool interrupted = history.begun && (!history.ended || *history.ended < *history.begun) && !job->running;
        if (!interrupted) continue;
        spdlog::warn("backup {}: Klaw ended in the middle of it, nothing of it counts", job->config.name);
        storage::UnitOfWork unit;
        unit.audit.push_back(entryOf(*job, "interrupted", job->config.name, "Klaw ended in the middle of it"));
        job->lastError = "Klaw ended in the middle of it";
        ++job->history.interruptions;
        unit.meta.push_back(kept(*job));
        meta_[unit.meta.back().key] = unit.meta.back().value;
        co_await events_.flush(std::move(unit));
        auto name = job->config.name;
        auto store = job->store;
        auto cleared = co_await store->clearLeftovers(std::move(name));
        if (!cleared) spdlog::warn("backup {}: {}", job->config.name, cleared.error().describe());
    }
}

/// Since when each is known: a run that is missed before the first one is made up as well.
Task<void> BackupDesk::keepKnown() {
    storage::UnitOfWork unit;
    for (const auto& job : jobs_) {
        auto entry = kept(*job);
        if (meta_.emplace(entry.key, entry.value).second) unit.meta.push_back(std::move(entry));
    }
    if (!unit.meta.empty()) co_await events_.flush(std::move(unit));
}

Task<void> BackupDesk::runDue(JobRef job) {
    std::vector<std::string> all;
    auto name = job->config.name;
    auto made = co_await make(std::move(name), std::move(all));
    if (!made && made.error().code == ErrorCode::Conflict)
        spdlog::info("backup {}: {}", job->config.name, made.error().message);
}

Task<void> BackupDesk::run() {
    constexpr Duration longestSleep = 1h;
    co_await tellOfInterrupted();
    while (!ending_) {
        co_await keepKnown();
        auto now = clock_.now(), until = now + longestSleep;
        JobRef due;
        for (const auto& job : jobs_) {
            auto next = job->queued ? std::nullopt : backup::nextRun(job->config.schedule, job->history);
            if (next && *next <= now && !due) due = job;
            if (next) until = std::min(until, *next);
        }
        if (due) {
            co_await runDue(due);
            continue;
        }
        auto seen = changes_;
        auto changed = [this, seen] { return changes_ != seen; };
        co_await changed_.until(changed, clock_, until);
    }
}

}  // namespace klaw::app
