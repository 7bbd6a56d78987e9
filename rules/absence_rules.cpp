#include "rules/absence_rules.hpp"

#include <algorithm>

#include "rules/evaluation.hpp"

namespace klaw::rules {
namespace {

std::string dueKey(const std::pair<std::string, std::string>& key) {
    return key.first + '\n' + key.second;
}

std::string fingerprintOf(const Rule& rule, std::string_view cluster, TimePoint since) {
    return draftOfAbsence(rule, cluster, since).fingerprint;
}

}  // namespace

void AbsenceRules::restore(std::string_view rule, std::string_view cluster, TimePoint seen) {
    auto& wait = waits_[{std::string(rule), std::string(cluster)}];
    wait.since = std::max(wait.since, seen);
}

void AbsenceRules::begin(const Rule& rule, std::string_view cluster, TimePoint now, Transitions& out) {
    Key key(rule.name, cluster);
    auto [at, isNew] = waits_.try_emplace(key, Wait{now, false});
    auto& wait = at->second;
    if (wait.begun) return;
    wait.begun = true;
    // What fires goes on until the awaited comes, also where it may have come while nobody looked.
    if (const auto* firing = book_.find(fingerprintOf(rule, cluster, now))) {
        book_.hold(draftOfAbsence(rule, cluster, firing->activeAt), {}, now, out);
        return;
    }
    if (blindBefore_ && wait.since < *blindBefore_) wait.since = now;
    schedule(rule, key, wait);
}

void AbsenceRules::seen(const Rule& rule, std::string_view cluster, TimePoint at, TimePoint now, Transitions& out) {
    Key key(rule.name, cluster);
    auto& wait = waits_[key];
    at = std::min(at, now);
    if (at <= wait.since && wait.begun) return;
    wait.since = std::max(wait.since, at);
    if (wait.since + *rule.absent > now) book_.cease(fingerprintOf(rule, cluster, now), now, out);
    if (wait.begun) schedule(rule, key, wait);
}

void AbsenceRules::schedule(const Rule& rule, const Key& key, const Wait& wait) {
    dues_.set(dueKey(key), wait.since + *rule.absent);
}

void AbsenceRules::due(const RuleSet& rules, TimePoint now, Transitions& out) {
    while (auto due = dues_.takeDue(now)) {
        auto newline = due->find('\n');
        Key key(due->substr(0, newline), due->substr(newline + 1));
        const auto* rule = rules.find(key.first);
        auto wait = waits_.find(key);
        if (!rule || !rule->absent || wait == waits_.end()) continue;
        auto draft = draftOfAbsence(*rule, key.second, wait->second.since);
        draft.keepPendingFor += *rule->absent;  // counted from when it was last seen
        book_.hold(std::move(draft), {}, now, out);
    }
}

void AbsenceRules::keepRules(const RuleSet& rules, TimePoint now, Transitions& out) {
    for (auto at = waits_.begin(); at != waits_.end();) {
        const auto* rule = rules.find(at->first.first);
        if (!rule || !rule->absent) {
            dues_.set(dueKey(at->first), std::nullopt);
            at = waits_.erase(at);
            continue;
        }
        bool met = at->second.since + *rule->absent > now;
        if (met) book_.cease(fingerprintOf(*rule, at->first.second, now), now, out);
        if (at->second.begun && met) schedule(*rule, at->first, at->second);
        ++at;
    }
}

void AbsenceRules::keepClusters(const std::set<std::string, std::less<>>& clusters) {
    std::erase_if(waits_, [&](const auto& entry) {
        bool gone = !clusters.contains(entry.first.second);
        if (gone) dues_.set(dueKey(entry.first), std::nullopt);
        return gone;
    });
}

}  // namespace klaw::rules
