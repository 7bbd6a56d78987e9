#include "rules/grouper.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace klaw::rules {
namespace {

using Reason = IncidentUpdate::Reason;

void add(std::string& key, std::string_view part) {
    key.append(std::to_string(part.size())).append(1, ':').append(part);
}

void addOwner(std::string& key, const ObjectRef& owner) {
    add(key, owner.resource);
    add(key, owner.ns);
    add(key, owner.name);
}

std::string_view namespaceOf(const Alert& alert) {
    auto label = alert.labels.find("namespace");
    return label == alert.labels.end() ? std::string_view(alert.object.ns) : std::string_view(label->second);
}

void addPart(std::string& key, const std::string& name, const Alert& alert) {
    add(key, name);
    if (name == "owner") {
        addOwner(key, alert.owner);
    } else if (name == "object") {
        addOwner(key, alert.object);
    } else if (name == "namespace") {
        add(key, namespaceOf(alert));
    } else {
        auto label = alert.labels.find(name);
        add(key, label == alert.labels.end() ? std::string_view() : std::string_view(label->second));
    }
}

/// Labels that are equal in all alerts.
template <class Alerts>
Labels commonLabels(const Alerts& alerts) {
    Labels common;
    bool first = true;
    for (const auto& [fingerprint, alert] : alerts) {
        if (first) common = alert.labels;
        first = false;
        std::erase_if(common, [&](const auto& label) {
            auto other = alert.labels.find(label.first);
            return other == alert.labels.end() || other->second != label.second;
        });
    }
    return common;
}

bool firedEarlier(const Alert* a, const Alert* b) {
    return std::tie(*a->firedAt, a->fingerprint) < std::tie(*b->firedAt, b->fingerprint);
}

/// Brings the incident up to date with its alerts.
template <class Group>
void refresh(Group& group, TimePoint at) {
    auto& incident = group.incident;
    std::vector<const Alert*> firing;
    auto severity = Severity::Info;
    for (const auto& [fingerprint, alert] : group.firing) {
        firing.push_back(&alert);
        severity = std::max(severity, alert.severity);
    }
    auto shown = std::min(firing.size(), AlertGrouper::shownFiring);
    std::partial_sort(firing.begin(), firing.begin() + static_cast<std::ptrdiff_t>(shown), firing.end(), firedEarlier);
    incident.alerts.clear();
    for (std::size_t i = 0; i < shown; ++i) incident.alerts.push_back(*firing[i]);
    incident.alerts.insert(incident.alerts.end(), group.resolved.begin(), group.resolved.end());
    incident.firing = firing.size();
    incident.updatedAt = at;
    if (firing.empty()) return;
    incident.severity = severity;
    incident.labels = commonLabels(group.firing);
    incident.title = firing.front()->title;
    incident.owner = firing.front()->owner;
}

template <class Group>
void emit(Group& group, Reason reason, TimePoint at, IncidentUpdates& out) {
    refresh(group, at);
    ++group.incident.revision;
    out.push_back({reason, group.incident, at});
}

/// A silenced incident keeps still; its card shows the latest state when it may speak again.
template <class Group>
void emitUnlessSilenced(Group& group, Reason reason, TimePoint at, IncidentUpdates& out) {
    if (group.incident.silenced)
        refresh(group, at);
    else
        emit(group, reason, at, out);
}

}  // namespace

AlertGrouper::AlertGrouper(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

void AlertGrouper::replaceRules(std::shared_ptr<const RuleSet> rules) {
    rules_ = std::move(rules);
}

void AlertGrouper::restore(std::vector<Incident> open, const std::vector<Alert>& firing) {
    for (auto& incident : open) {
        if (incident.resolvedAt) continue;
        keyOfId_.emplace(incident.id, incident.group);
        incident.alerts.clear();
        incident.firing = 0;
        auto key = incident.group;
        groups_.emplace(std::move(key), Group{std::move(incident), {}, {}});
    }
    for (const auto& alert : firing) {
        if (alert.state() != AlertState::Firing) continue;
        auto& group = join(alert);
        group.firing.emplace(alert.fingerprint, alert);
        group.incident.total = std::max(group.incident.total, group.firing.size());
    }
    for (auto& [key, group] : groups_) refresh(group, group.incident.updatedAt);
    restored_ = true;
}

std::string AlertGrouper::groupKey(const Alert& alert) const {
    std::string key;
    add(key, alert.rule);
    add(key, alert.cluster);
    const auto* rule = rules_->find(alert.rule);
    if (rule && !rule->groupBy.empty()) {
        for (const auto& name : rule->groupBy) addPart(key, name, alert);
        return key;
    }
    add(key, namespaceOf(alert));
    addOwner(key, alert.owner);
    return key;
}

/// The open incident of the alert's group; a new one, with revision 0, when there is none.
AlertGrouper::Group& AlertGrouper::join(const Alert& alert) {
    auto key = groupKey(alert);
    groupOf_.insert_or_assign(alert.fingerprint, key);
    auto [at, isNew] = groups_.try_emplace(key);
    auto& incident = at->second.incident;
    if (!isNew) return at->second;
    auto opened = alert.firedAt.value_or(alert.activeAt);
    incident.id = sha256Hex(key + "@" + std::to_string(toUnixNanos(opened))).substr(0, 16);
    incident.group = key;
    incident.rule = alert.rule;
    incident.cluster = alert.cluster;
    incident.openedAt = opened;
    incident.startedBefore = alert.startedBefore;
    keyOfId_.emplace(incident.id, std::move(key));
    return at->second;
}

void AlertGrouper::apply(const Transition& transition, IncidentUpdates& out) {
    switch (transition.reason) {
        case Transition::Reason::Pending:
        case Transition::Reason::Withdrawn:
            return;
        case Transition::Reason::Fired:
            return fired(transition.alert, transition.at, out);
        case Transition::Reason::Changed:
            return changed(transition.alert, transition.at, out);
        case Transition::Reason::Resolved:
            return resolved(transition.alert, transition.at, out);
    }
}

void AlertGrouper::fired(const Alert& alert, TimePoint at, IncidentUpdates& out) {
    auto& group = join(alert);
    auto same = [&](const Alert& other) { return other.fingerprint == alert.fingerprint; };
    bool isNew = group.firing.insert_or_assign(alert.fingerprint, alert).second;
    bool returns = std::erase_if(group.resolved, same) > 0;
    if (isNew && !returns) ++group.incident.total;
    bool opens = group.incident.revision == 0;
    bool wasSilenced = group.incident.silenced.has_value();
    coverBySilence(group, at);
    if (opens)
        emit(group, Reason::Opened, at, out);
    else if (wasSilenced && !group.incident.silenced)
        emit(group, Reason::SilenceEnded, at, out);
    else
        emitUnlessSilenced(group, Reason::Grew, at, out);
}

void AlertGrouper::changed(const Alert& alert, TimePoint at, IncidentUpdates& out) {
    auto key = groupOf_.find(alert.fingerprint);
    if (key == groupOf_.end()) return;
    auto& group = groups_.find(key->second)->second;
    group.firing.insert_or_assign(alert.fingerprint, alert);
    emitUnlessSilenced(group, Reason::Changed, at, out);
}

void AlertGrouper::resolved(const Alert& alert, TimePoint at, IncidentUpdates& out) {
    auto key = groupOf_.find(alert.fingerprint);
    if (key == groupOf_.end()) return;
    auto found = groups_.find(key->second);
    groupOf_.erase(key);
    auto& group = found->second;
    group.firing.erase(alert.fingerprint);
    group.resolved.insert(group.resolved.begin(), alert);
    if (group.resolved.size() > shownResolved) group.resolved.pop_back();
    if (group.firing.empty())
        close(found, at, out);
    else
        emitUnlessSilenced(group, Reason::Shrank, at, out);
}

void AlertGrouper::close(Groups::iterator group, TimePoint at, IncidentUpdates& out) {
    group->second.incident.resolvedAt = at;
    emit(group->second, Reason::Resolved, at, out);
    keyOfId_.erase(group->second.incident.id);
    groups_.erase(group);
}

AlertGrouper::Group* AlertGrouper::byId(std::string_view incidentId) {
    auto key = keyOfId_.find(incidentId);
    return key == keyOfId_.end() ? nullptr : &groups_.find(key->second)->second;
}

Result<void> AlertGrouper::acknowledge(std::string_view incidentId, const Mark& mark, IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    auto& acknowledged = group->incident.acknowledged;
    if (acknowledged && acknowledged->by == mark.by && acknowledged->comment == mark.comment) return {};
    acknowledged = mark;
    emit(*group, Reason::Acknowledged, mark.at, out);
    return {};
}

Result<void> AlertGrouper::unacknowledge(std::string_view incidentId, const Mark& mark, IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    if (!group->incident.acknowledged) return {};
    group->incident.acknowledged.reset();
    emit(*group, Reason::Unacknowledged, mark.at, out);
    return {};
}

void AlertGrouper::setSilences(std::vector<Silence> silences, TimePoint now, IncidentUpdates& out) {
    silences_.assign(std::move(silences));
    settleSilences(now, out);
}

/// An incident is silenced while every alert that fires in it is, until the first of them is no longer.
bool AlertGrouper::coverBySilence(Group& group, TimePoint now) const {
    const Silence* first = nullptr;
    for (const auto& [fingerprint, alert] : group.firing) {
        const auto* silence = silences_.covering(alert, now);
        if (!silence) {
            group.incident.silenced.reset();
            group.incident.silencedUntil.reset();
            return false;
        }
        if (!first || silence->endsAt < first->endsAt) first = silence;
    }
    if (!first) return false;
    group.incident.silenced = Mark{first->createdBy, first->startsAt, first->comment};
    group.incident.silencedUntil = first->endsAt;
    return true;
}

void AlertGrouper::settleSilences(TimePoint now, IncidentUpdates& out) {
    nextSilenceChange_ = silences_.nextChange(now);
    for (auto& [key, group] : groups_) {
        if (group.firing.empty() || group.incident.revision == 0) continue;
        auto before = group.incident.silenced;
        auto until = group.incident.silencedUntil;
        coverBySilence(group, now);
        const auto& after = group.incident.silenced;
        if (after && (before != after || until != group.incident.silencedUntil))
            emit(group, Reason::Silenced, now, out);
        else if (before && !after)
            emit(group, Reason::SilenceEnded, now, out);
    }
}

void AlertGrouper::due(TimePoint now, IncidentUpdates& out) {
    if (restored_) settleRestored(now, out);
    if (nextSilenceChange_ && *nextSilenceChange_ <= now) settleSilences(now, out);
}

/// What storage had of incidents and alerts need not agree after a crash: an alert without an incident opens one, an
/// incident without alerts is over.
void AlertGrouper::settleRestored(TimePoint now, IncidentUpdates& out) {
    restored_ = false;
    for (auto at = groups_.begin(); at != groups_.end();) {
        auto current = at++;
        if (current->second.firing.empty()) {
            close(current, now, out);
        } else if (current->second.incident.revision == 0) {
            coverBySilence(current->second, now);
            emit(current->second, Reason::Opened, now, out);
        }
    }
}

std::optional<TimePoint> AlertGrouper::nextDue() const {
    return restored_ ? std::optional(TimePoint()) : nextSilenceChange_;
}

const Incident* AlertGrouper::find(std::string_view incidentId) const {
    auto key = keyOfId_.find(incidentId);
    return key == keyOfId_.end() ? nullptr : &groups_.find(key->second)->second.incident;
}

void AlertGrouper::forEach(const std::function<void(const Incident&)>& visit) const {
    for (const auto& [key, group] : groups_) visit(group.incident);
}

}  // namespace klaw::rules
