#include "rules/alert_book.hpp"

#include <algorithm>
#include <utility>

namespace klaw::rules {
namespace {

using Reason = Transition::Reason;

/// Takes over what a card shows. True when something is different.
bool adoptShown(Alert& alert, Alert& draft) {
    auto adopt = [](auto& mine, auto& theirs) {
        if (mine == theirs) return false;
        mine = std::move(theirs);
        return true;
    };
    bool shown = adopt(alert.title, draft.title);
    shown |= adopt(alert.description, draft.description);
    shown |= adopt(alert.runbook, draft.runbook);
    shown |= adopt(alert.facts, draft.facts);
    adopt(alert.course, draft.course);
    shown |= adopt(alert.severity, draft.severity);
    adopt(alert.object, draft.object);
    adopt(alert.node, draft.node);
    adopt(alert.owner, draft.owner);
    adopt(alert.actions, draft.actions);
    adopt(alert.enrich, draft.enrich);
    adopt(alert.notify, draft.notify);
    adopt(alert.ring, draft.ring);
    return shown;
}

/// True when the draft tells of a new occurrence.
bool adoptOccurrence(Alert& alert, const Alert& draft, TimePoint now) {
    if (draft.count > alert.count) {
        alert.count = draft.count;
        return true;
    }
    if (draft.occurrence.empty() || draft.occurrence == alert.occurrence) return false;
    bool wasKnown = !alert.occurrence.empty();
    alert.occurrence = draft.occurrence;
    alert.occurredAt = now;
    if (wasKnown) ++alert.count;
    return wasKnown;
}

/// True when the wait of a pending alert begins anew, as what it waits for moves on.
bool adoptProgress(Alert& alert, const Alert& draft, TimePoint now) {
    if (alert.progress == draft.progress) return false;
    alert.progress = draft.progress;
    if (alert.firedAt) return false;
    alert.activeAt = now;
    return true;
}

}  // namespace

void AlertBook::restore(Alert alert, const Holding& holding, bool confirmed) {
    recallFires(alert);
    if (alert.state() == AlertState::Resolved) {
        markSpent(alert);
        return;
    }
    if (entries_.contains(alert.fingerprint)) return;
    schedule(insert({std::move(alert), holding.keepFiringFor, confirmed, holding.lookback}));
}

void AlertBook::hold(Alert draft, const Holding& holding, TimePoint now, Transitions& out) {
    auto known = entries_.find(draft.fingerprint);
    // The same name with a new uid is another object: what was wrong with the old one has ended with it.
    if (known != entries_.end() && known->second.alert.object.uid != draft.object.uid) {
        erase(known, now, out);
        known = entries_.end();
    }
    if (known != entries_.end())
        update(known->second, std::move(draft), holding, now, out);
    else if (!isSpent(draft, holding, now))
        begin(std::move(draft), holding, now, out);
}

void AlertBook::begin(Alert draft, const Holding& holding, TimePoint now, Transitions& out) {
    draft.updatedAt = now;
    draft.occurredAt = now;
    draft.startedBefore = holding.initial;
    draft.firedBefore = firesBefore(draft.fingerprint, now);
    auto& entry = insert({std::move(draft), holding.keepFiringFor, true, holding.lookback});
    if (entry.alert.activeAt + entry.alert.keepPendingFor > now) out.push_back({Reason::Pending, entry.alert, now});
    fireWhenDue(entry, now, out);
    schedule(entry);
}

void AlertBook::update(Entry& entry, Alert draft, const Holding& holding, TimePoint now, Transitions& out) {
    auto& alert = entry.alert;
    entry.confirmed = true;
    bool returns = std::exchange(alert.ceasedAt, std::nullopt).has_value();
    entry.keepFiringFor = holding.keepFiringFor;
    entry.lookback = holding.lookback;
    alert.keepPendingFor = draft.keepPendingFor;
    bool shown = adoptOccurrence(alert, draft, now);
    shown |= adoptShown(alert, draft);
    shown |= std::exchange(alert.noDataSince, std::nullopt).has_value();
    auto told = out.size();
    bool anew = adoptProgress(alert, draft, now);
    if (shown || anew) alert.updatedAt = now;
    if (anew) out.push_back({Reason::Pending, alert, now});
    if (alert.firedAt && shown) out.push_back({Reason::Changed, alert, now});
    fireWhenDue(entry, now, out);
    if (returns && out.size() == told) out.push_back({Reason::Noted, alert, now});
    schedule(entry);
}

void AlertBook::fireWhenDue(Entry& entry, TimePoint now, Transitions& out) {
    auto& alert = entry.alert;
    if (alert.firedAt || !entry.confirmed || alert.activeAt + alert.keepPendingFor > now) return;
    alert.firedAt = now;
    alert.updatedAt = now;
    alert.firedBefore = firesBefore(alert.fingerprint, now);
    alert.flapping = alert.firedBefore.size() + 1 >= flapFires;
    noteFire(alert.fingerprint, now);
    out.push_back({Reason::Fired, alert, now});
}

/// No more than it takes to see that it flaps.
std::vector<TimePoint> AlertBook::firesBefore(std::string_view fingerprint, TimePoint now) const {
    auto known = fires_.find(fingerprint);
    if (known == fires_.end()) return {};
    auto fires = known->second;
    std::erase_if(fires, [&](TimePoint fired) { return fired <= now - flapWindow; });
    return fires;
}

void AlertBook::noteFire(const std::string& fingerprint, TimePoint at) {
    if (fires_.size() >= forgetFiresAt_) {
        std::erase_if(fires_, [&](const auto& entry) { return entry.second.back() <= at - flapWindow; });
        forgetFiresAt_ = std::max(fewFires, 2 * fires_.size());  // so that looking at all of them stays rare
    }
    auto& fires = fires_[fingerprint];
    fires.push_back(at);
    if (fires.size() >= flapFires) fires.erase(fires.begin());
}

/// Of an alert from before a restart.
void AlertBook::recallFires(const Alert& alert) {
    auto since = lastAlive_ ? *lastAlive_ - flapWindow : TimePoint();
    for (auto fired : alert.firedBefore)
        if (fired > since) noteFire(alert.fingerprint, fired);
    if (alert.firedAt > since) noteFire(alert.fingerprint, *alert.firedAt);
}

/// How long the alert goes on when its condition holds no longer.
Duration AlertBook::lingering(const Entry& entry) {
    if (!entry.alert.firedAt) return entry.lookback;
    auto longest = std::max(entry.keepFiringFor, entry.lookback);
    return entry.alert.flapping ? std::max(longest, flapQuiet) : longest;
}

void AlertBook::cease(std::string_view fingerprint, TimePoint now, Transitions& out) {
    auto at = entries_.find(fingerprint);
    if (at == entries_.end()) return;
    auto& entry = at->second;
    entry.confirmed = true;
    if (lingering(entry) == Duration{}) {
        erase(at, now, out);
        return;
    }
    if (!entry.alert.ceasedAt) {
        entry.alert.ceasedAt = now;
        out.push_back({Reason::Noted, entry.alert, now});
    }
    schedule(entry);
}

void AlertBook::suspend(std::string_view fingerprint, TimePoint now, Transitions& out) {
    auto at = entries_.find(fingerprint);
    if (at == entries_.end() || at->second.alert.noDataSince) return;
    auto& entry = at->second;
    entry.confirmed = false;
    entry.alert.noDataSince = now;
    entry.alert.updatedAt = now;
    if (entry.alert.firedAt) out.push_back({Reason::Changed, entry.alert, now});
    schedule(entry);
}

void AlertBook::end(std::string_view fingerprint, TimePoint now, Transitions& out) {
    auto at = entries_.find(fingerprint);
    if (at != entries_.end()) erase(at, now, out);
}

void AlertBook::endObject(std::string_view cluster, std::string_view uid, TimePoint now, Transitions& out) {
    const auto* object = findObject(cluster, uid);
    if (!object) return;
    std::vector<std::string> fingerprints;
    for (const auto* alert : object->alerts) fingerprints.push_back(alert->fingerprint);
    std::sort(fingerprints.begin(), fingerprints.end());
    for (const auto& fingerprint : fingerprints) end(fingerprint, now, out);
    auto& objects = objects_.find(cluster)->second;
    if (auto rest = objects.find(uid); rest != objects.end()) objects.erase(rest);
}

void AlertBook::endMissing(std::string_view cluster, std::string_view resource,
                           const std::function<bool(std::string_view uid)>& exists, TimePoint now, Transitions& out) {
    auto objects = objects_.find(cluster);
    if (objects == objects_.end()) return;
    std::vector<std::string> missing;
    for (const auto& [uid, object] : objects->second)
        if (object.resource == resource && !uid.empty() && !exists(uid)) missing.push_back(uid);
    std::sort(missing.begin(), missing.end());
    for (const auto& uid : missing) endObject(cluster, uid, now, out);
}

void AlertBook::due(TimePoint now, Transitions& out) {
    while (auto key = dues_.takeDue(now)) {
        auto at = entries_.find(*key);
        if (at == entries_.end()) continue;
        if (at->second.alert.firedAt) {
            lapse(at, now, out);
            continue;
        }
        const auto& ceasedAt = at->second.alert.ceasedAt;
        if (ceasedAt && *ceasedAt + lingering(at->second) <= now) {
            erase(at, now, out);
            continue;
        }
        fireWhenDue(at->second, now, out);
        schedule(at->second);
    }
}

/// `keep_firing_for` has passed.
void AlertBook::lapse(Entries::iterator at, TimePoint now, Transitions& out) {
    markSpent(at->second.alert);
    erase(at, now, out);
}

void AlertBook::schedule(const Entry& entry) {
    const auto& alert = entry.alert;
    std::optional<TimePoint> when;
    if (entry.confirmed && !alert.firedAt)
        when = alert.ceasedAt ? std::min(alert.activeAt + alert.keepPendingFor, *alert.ceasedAt + lingering(entry))
                              : alert.activeAt + alert.keepPendingFor;
    else if (entry.confirmed && !alert.occurrence.empty() && entry.keepFiringFor > Duration{})
        when = alert.occurredAt + entry.keepFiringFor;
    else if (entry.confirmed && alert.ceasedAt)
        when = *alert.ceasedAt + lingering(entry);
    dues_.set(alert.fingerprint, when);
}

AlertBook::Entry& AlertBook::insert(Entry entry) {
    auto fingerprint = entry.alert.fingerprint;
    auto& kept = entries_.insert_or_assign(std::move(fingerprint), std::move(entry)).first->second;
    auto& alerts = objectOf(kept.alert).alerts;
    if (std::find(alerts.begin(), alerts.end(), &kept.alert) == alerts.end()) alerts.push_back(&kept.alert);
    return kept;
}

void AlertBook::erase(Entries::iterator at, TimePoint now, Transitions& out) {
    auto entry = std::move(at->second);
    auto& objects = objects_[entry.alert.cluster];
    auto object = objects.find(entry.alert.object.uid);
    std::erase(object->second.alerts, &at->second.alert);
    if (object->second.alerts.empty() && object->second.spent.empty()) objects.erase(object);
    entries_.erase(at);
    dues_.set(entry.alert.fingerprint, std::nullopt);
    entry.alert.updatedAt = now;
    if (entry.alert.firedAt) entry.alert.resolvedAt = now;
    auto reason = entry.alert.firedAt ? Reason::Resolved : Reason::Withdrawn;
    out.push_back({reason, std::move(entry.alert), now});
}

/// An occurrence that has had its alert, or one from before the agent's time that nobody missed.
bool AlertBook::isSpent(const Alert& draft, const Holding& holding, TimePoint now) {
    if (draft.occurrence.empty()) return false;
    if (const auto* object = findObject(draft.cluster, draft.object.uid))
        for (const auto& spent : object->spent)
            if (spent.fingerprint == draft.fingerprint) return spent.occurrence == draft.occurrence;
    auto when = parseRfc3339(draft.occurrence);
    if (!holding.initial || !when) return false;
    auto newsSince = now - holding.keepFiringFor;
    if (lastAlive_) newsSince = std::min(newsSince, *lastAlive_);
    if (*when >= newsSince) return false;
    markSpent(draft);
    return true;
}

void AlertBook::markSpent(const Alert& alert) {
    if (alert.occurrence.empty()) return;
    auto& spent = objectOf(alert).spent;
    auto known = std::find_if(spent.begin(), spent.end(),
                              [&](const Spent& one) { return one.fingerprint == alert.fingerprint; });
    if (known != spent.end())
        known->occurrence = alert.occurrence;
    else
        spent.push_back({alert.fingerprint, alert.occurrence});
}

AlertBook::Object& AlertBook::objectOf(const Alert& alert) {
    auto& object = objects_[alert.cluster][alert.object.uid];
    object.resource = alert.object.resource;
    return object;
}

const AlertBook::Object* AlertBook::findObject(std::string_view cluster, std::string_view uid) const {
    auto objects = objects_.find(cluster);
    if (objects == objects_.end()) return nullptr;
    auto object = objects->second.find(uid);
    return object == objects->second.end() ? nullptr : &object->second;
}

const Alert* AlertBook::find(std::string_view fingerprint) const {
    auto at = entries_.find(fingerprint);
    return at == entries_.end() ? nullptr : &at->second.alert;
}

const std::vector<const Alert*>& AlertBook::ofObject(std::string_view cluster, std::string_view uid) const {
    static const std::vector<const Alert*> none;
    const auto* object = findObject(cluster, uid);
    return object ? object->alerts : none;
}

void AlertBook::forEach(const std::function<void(const Alert&)>& visit) const {
    for (const auto& [fingerprint, entry] : entries_) visit(entry.alert);
}

}  // namespace klaw::rules
