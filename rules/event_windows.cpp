#include "rules/event_windows.hpp"

#include <algorithm>
#include <charconv>

namespace klaw::rules {
namespace {

/// Event objects live for an hour after their last change by default; some clusters keep them for a day.
constexpr Duration eventLifetime = 25h;

std::string seenKey(std::string_view rule, std::string_view cluster, std::string_view eventUid) {
    std::string key;
    key.reserve(rule.size() + cluster.size() + eventUid.size() + 2);
    return key.append(rule).append(1, '\n').append(cluster).append(1, '\n').append(eventUid);
}

std::string_view ruleOf(std::string_view seenKey) {
    return seenKey.substr(0, seenKey.find('\n'));
}

}  // namespace

EventReading readEvent(PackedView event) {
    EventReading reading;
    auto series = event["series"];
    std::int64_t total = 1;
    for (auto count : {event["count"], event["deprecatedCount"], series["count"]})
        total = std::max(total, count.asInt());
    reading.total = static_cast<std::uint64_t>(total);
    for (auto text : {event["lastTimestamp"], event["deprecatedLastTimestamp"], series["lastObservedTime"],
                      event["eventTime"], event["metadata"]["creationTimestamp"]})
        if (auto time = parseRfc3339(text.asString()); time && (!reading.at || *time > *reading.at)) reading.at = time;
    for (auto text : {event["firstTimestamp"], event["deprecatedFirstTimestamp"]})
        if (auto time = parseRfc3339(text.asString())) reading.since = time;
    return reading;
}

std::optional<EventReading> readOccurrence(std::string_view text, TimePoint now) {
    EventReading reading;
    auto end = text.data() + text.size();
    if (auto read = std::from_chars(text.data(), end, reading.total); read.ec == std::errc() && read.ptr == end)
        return EventReading{reading.total, now, std::nullopt, true};
    auto time = parseRfc3339(text);
    if (!time || *time <= TimePoint()) return std::nullopt;
    return EventReading{static_cast<std::uint64_t>(toUnixNanos(*time)), time, std::nullopt, false};
}

void EventWindows::restore(const EventCounter& counter, const Threshold& threshold) {
    auto& seen = seen_[seenKey(counter.rule, counter.cluster, counter.eventUid)];
    seen.count = std::max(seen.count, counter.seen);
    seen.lookedAt = std::max(seen.lookedAt, counter.at);
    auto& window = windows_[counter.window];
    window.rule = counter.rule;
    window.threshold = threshold;
    if (counter.increase > 0) add(window, {counter.at, counter.increase});
    schedule(counter.window, window);
}

void EventWindows::restoreEmpty(const Alert& alert) {
    auto [at, isNew] = windows_.try_emplace(alert.fingerprint);
    if (!isNew) return;
    at->second.rule = alert.rule;
    schedule(at->first, at->second);
}

EventWindows::Counted EventWindows::count(const Rule& rule, std::string_view cluster, const std::string& window,
                                          std::string_view eventUid, const EventReading& reading,
                                          std::optional<std::uint64_t> knownBefore, TimePoint now) {
    auto [seen, isNew] = seen_.try_emplace(seenKey(rule.name, cluster, eventUid));
    auto known = isNew ? knownBefore.value_or(0) : seen->second.count;
    auto knownAt = isNew ? (knownBefore ? std::nullopt : reading.since) : std::optional(seen->second.lookedAt);
    seen->second = {reading.total, now};
    if (isNew) forgetOldEvents(now);

    auto at = std::min(reading.at.value_or(now), now);
    if (reading.total <= known || at <= now - rule.threshold.window) return {};
    Counted counted;
    counted.increase = reading.counter ? reading.total - known : 1;
    if (knownAt) counted.increase = insideOf(rule.threshold.window, counted.increase, *knownAt, at);
    auto& kept = windows_[window];
    kept.rule = rule.name;
    kept.threshold = rule.threshold;
    add(kept, {at, counted.increase});
    counted.inWindow = drop(kept, now);
    counted.met = metUntil(kept).has_value();
    schedule(window, kept);
    return counted;
}

std::optional<std::string> EventWindows::takeUnmet(TimePoint now) {
    while (auto key = dues_.takeDue(now)) {
        auto at = windows_.find(*key);
        if (at == windows_.end()) continue;
        drop(at->second, now);
        bool met = metUntil(at->second).has_value();
        if (at->second.occurrences.empty())
            windows_.erase(at);
        else
            schedule(*key, at->second);
        if (!met) return key;
    }
    return std::nullopt;
}

void EventWindows::keepRules(const std::map<std::string, Threshold, std::less<>>& thresholds) {
    for (auto at = windows_.begin(); at != windows_.end();) {
        auto threshold = thresholds.find(at->second.rule);
        if (threshold == thresholds.end()) {
            dues_.set(at->first, std::nullopt);
            at = windows_.erase(at);
            continue;
        }
        at->second.threshold = threshold->second;
        schedule(at->first, at->second);
        ++at;
    }
    std::erase_if(seen_, [&](const auto& entry) { return !thresholds.contains(ruleOf(entry.first)); });
}

void EventWindows::forget(std::string_view window) {
    auto at = windows_.find(window);
    if (at == windows_.end()) return;
    dues_.set(at->first, std::nullopt);
    windows_.erase(at);
}

/// Of what happened from one time to another how much is in the window at the end of it, as if it had come evenly: an
/// Event that is seen for the first time may have been counting for days. The last time is always in it.
std::uint64_t EventWindows::insideOf(Duration window, std::uint64_t increase, TimePoint from, TimePoint at) {
    if (at - from <= window) return increase;
    auto part = std::chrono::duration<double>(window) / std::chrono::duration<double>(at - from);
    return 1 + static_cast<std::uint64_t>(static_cast<double>(increase - 1) * part);
}

void EventWindows::add(Window& window, Occurrence occurrence) {
    auto after = std::upper_bound(window.occurrences.begin(), window.occurrences.end(), occurrence.at,
                                  [](TimePoint at, const Occurrence& other) { return at < other.at; });
    window.occurrences.insert(after, occurrence);
}

/// Forgets what has left the window, and what the threshold is met without. Returns how much was in the window.
std::uint64_t EventWindows::drop(Window& window, TimePoint now) {
    auto& all = window.occurrences;
    auto inside = std::find_if(all.begin(), all.end(),
                               [&](const Occurrence& one) { return one.at > now - window.threshold.window; });
    all.erase(all.begin(), inside);
    std::uint64_t total = 0;
    for (const auto& one : all) total += one.increase;
    auto rest = total;
    auto needed = all.begin();
    while (needed != all.end() && rest - needed->increase >= window.threshold.minimum) rest -= (needed++)->increase;
    all.erase(all.begin(), needed);
    return total;
}

/// Until when the newest occurrences alone reach the threshold; nullopt when they do not.
std::optional<TimePoint> EventWindows::metUntil(const Window& window) {
    std::uint64_t sum = 0;
    for (auto one = window.occurrences.rbegin(); one != window.occurrences.rend(); ++one) {
        sum += one->increase;
        if (sum >= window.threshold.minimum) return one->at + window.threshold.window;
    }
    return std::nullopt;
}

void EventWindows::schedule(const std::string& key, const Window& window) {
    auto when = metUntil(window);
    if (!when) when = window.occurrences.empty() ? TimePoint() : window.occurrences.back().at + window.threshold.window;
    dues_.set(key, when);
}

/// Every doubling of the table, so that its cost is spread over the insertions.
void EventWindows::forgetOldEvents(TimePoint now) {
    if (seen_.size() < sweepAt_) return;
    std::erase_if(seen_, [&](const auto& entry) { return entry.second.lookedAt + eventLifetime < now; });
    sweepAt_ = std::max<std::size_t>(1024, seen_.size() * 2);
}

}  // namespace klaw::rules
