#include "agent/backup/schedule.hpp"

#include <algorithm>

#include "agent/backup/archive.hpp"

namespace klaw::backup {
namespace {

std::optional<TimePoint> regularRun(const Schedule& schedule, const RunHistory& history) {
    if (schedule.cron)
        return schedule.cron->nextAfter(history.begun.value_or(history.knownSince),
                                        schedule.zone ? *schedule.zone : *TimeZone::utc());
    return history.begun ? *history.begun + *schedule.every : history.knownSince;
}

}  // namespace

std::optional<TimePoint> nextRun(const Schedule& schedule, const RunHistory& history) {
    if (schedule.empty()) return std::nullopt;
    bool interrupted = history.begun && (!history.ended || *history.ended < *history.begun);
    if (interrupted) return history.interruptions > 1 ? *history.begun + retryAfterFailure : *history.begun;
    auto next = regularRun(schedule, history);
    if (!history.failed || !history.ended) return next;
    auto again = *history.ended + retryAfterFailure;
    return next ? std::min(*next, again) : again;
}

std::vector<std::string> outdated(const std::vector<StoredFile>& files, const std::string& backup,
                                  const Retention& keep, TimePoint now) {
    std::vector<std::pair<TimePoint, std::string>> own;
    for (const auto& file : files)
        if (auto name = parseArchiveFileName(file.name); name && name->backup == backup)
            own.emplace_back(name->at, file.name);
    std::ranges::sort(own, std::greater<>());
    std::vector<std::string> removed;
    if (!keep.last && !keep.age) return removed;
    for (std::size_t i = 1; i < own.size(); ++i) {
        bool kept = (keep.last && i < *keep.last) || (keep.age && now - own[i].first <= *keep.age);
        if (!kept) removed.push_back(own[i].second);
    }
    return removed;
}

}  // namespace klaw::backup
