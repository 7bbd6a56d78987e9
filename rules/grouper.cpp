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
        add(key, identityPart(alert, name));
    }
}

/// Keeps the labels that the alert has as well, with the same value.
void keepCommon(Labels& common, const Alert& alert) {
    std::erase_if(common, [&](const auto& label) {
        auto other = alert.labels.find(label.first);
        return other == alert.labels.end() || other->second != label.second;
    });
}

constexpr std::size_t fewAlerts = 64;

/// Empty where the alert is about no object.
std::string aboutOf(const Alert& alert) {
    std::string key;
    if (!alert.object.name.empty()) addOwner(key, alert.object);
    return key;
}

}  // namespace

/// One alert more (1) or less (-1) tells of its object.
void AlertGrouper::Group::count(const Alert& alert, int by) {
    auto about = aboutOf(alert);
    if (about.empty()) return;
    auto& telling = tellers[about];
    doubles -= telling.doubles();
    auto& number = alert.origin.empty() ? telling.own : telling.received;
    number = by > 0 ? number + 1 : number - 1;
    doubles += telling.doubles();
    if (telling.own + telling.received == 0) tellers.erase(about);
}

/// Another system's alert about what an alert of ours tells.
bool AlertGrouper::Group::isDouble(const Alert& alert) const {
    auto telling = alert.origin.empty() ? tellers.end() : tellers.find(aboutOf(alert));
    return telling != tellers.end() && telling->second.own > 0;
}

/// Somebody else, we or another system, tells of the alert's object as well.
bool AlertGrouper::Group::isToldOtherwise(const Alert& alert) const {
    auto telling = tellers.find(aboutOf(alert));
    return telling != tellers.end() && (alert.origin.empty() ? telling->second.received : telling->second.own) > 0;
}

/// True when the alert is new in the group.
bool AlertGrouper::Group::put(const Alert& alert) {
    auto known = firing.find(alert.fingerprint);
    bool isNew = known == firing.end();
    if (!isNew) {
        count(known->second, -1);
        byTime.erase({*known->second.firedAt, alert.fingerprint});
        --bySeverity[static_cast<std::size_t>(known->second.severity)];
    }
    if (firing.empty())
        incident.labels = alert.labels;
    else
        keepCommon(incident.labels, alert);
    firing.insert_or_assign(alert.fingerprint, alert);
    count(alert, 1);
    byTime.emplace(*alert.firedAt, alert.fingerprint);
    ++bySeverity[static_cast<std::size_t>(alert.severity)];
    return isNew;
}

void AlertGrouper::Group::remove(const Alert& alert) {
    auto known = firing.find(alert.fingerprint);
    if (known == firing.end()) return;
    count(known->second, -1);
    byTime.erase({*known->second.firedAt, alert.fingerprint});
    --bySeverity[static_cast<std::size_t>(known->second.severity)];
    firing.erase(known);
    // Fewer alerts may have more in common; looking again at thousands for each that goes would be quadratic.
    if (firing.empty() || firing.size() > fewAlerts) return;
    incident.labels = firing.begin()->second.labels;
    for (const auto& [fingerprint, other] : firing) keepCommon(incident.labels, other);
}

/// Brings what is shown up to date with the alerts.
void AlertGrouper::Group::refresh(TimePoint at) {
    incident.alerts.clear();
    for (const auto& [time, fingerprint] : byTime) {
        if (incident.alerts.size() == shownFiring) break;
        const auto& alert = firing.find(fingerprint)->second;
        if (!isDouble(alert)) incident.alerts.push_back(alert);
    }
    incident.firing = counted();
    incident.updatedAt = at;
    if (!firing.empty()) {
        incident.title = incident.alerts.front().title;
        incident.owner = incident.alerts.front().owner;
        for (auto severity : {Severity::Info, Severity::Warning, Severity::Critical})
            if (bySeverity[static_cast<std::size_t>(severity)] > 0) incident.severity = severity;
    }
    incident.alerts.insert(incident.alerts.end(), resolved.begin(), resolved.end());
}

void AlertGrouper::emit(Group& group, Reason reason, TimePoint at, IncidentUpdates& out) {
    group.refresh(at);
    ++group.incident.revision;
    bool speaksAgain = reason == Reason::Opened || reason == Reason::SilenceEnded || reason == Reason::InhibitionEnded;
    if (speaksAgain) group.incident.waitsSince = at;
    if (speaksAgain || reason == Reason::Reminded) group.incident.toldAt = at;
    out.push_back({reason, group.incident, at});
    scheduleFollowUp(group);
}

/// Nobody is reminded of what somebody has taken, or of what is quiet.
void AlertGrouper::scheduleFollowUp(const Group& group) {
    const auto& incident = group.incident;
    std::optional<TimePoint> when;
    if (!incident.resolvedAt && !incident.acknowledged && !isQuiet(incident)) {
        when = routes_->remindsAt(incident);
        if (auto step = routes_->escalatesAt(incident)) when = std::min(when.value_or(*step), *step);
    }
    followUps_.set(incident.group, when);
}

void AlertGrouper::followUp(Group& group, TimePoint now, IncidentUpdates& out) {
    auto step = routes_->escalatesAt(group.incident);
    bool escalates = step && *step <= now;
    if (escalates) ++group.incident.escalated;
    emit(group, escalates ? Reason::Escalated : Reason::Reminded, now, out);
}

void AlertGrouper::replaceRoutes(std::shared_ptr<const Routes> routes, TimePoint now, IncidentUpdates& out) {
    auto before = std::exchange(routes_, std::move(routes));
    for (auto& [key, group] : groups_) {
        const auto& incident = group.incident;
        bool sleepsOtherwise = before->quietEnds(incident, now) != routes_->quietEnds(incident, now);
        if (sleepsOtherwise && incident.revision > 0)
            emitUnlessQuiet(group, Reason::Changed, now, out);
        else
            scheduleFollowUp(group);
    }
}

/// A quiet incident keeps still; its card shows the latest state when it may speak again.
void AlertGrouper::emitUnlessQuiet(Group& group, Reason reason, TimePoint at, IncidentUpdates& out) {
    if (isQuiet(group.incident))
        group.refresh(at);
    else
        emit(group, reason, at, out);
}

AlertGrouper::AlertGrouper(std::shared_ptr<const RuleSet> rules, std::shared_ptr<const Routes> routes)
    : rules_(std::move(rules)), routes_(std::move(routes)), inhibition_(rules_) {}

void AlertGrouper::replaceRules(std::shared_ptr<const RuleSet> rules) {
    rules_ = std::move(rules);
    inhibition_.replaceRules(rules_);
    for (const auto& [key, group] : groups_)
        for (const auto& [fingerprint, alert] : group.firing) inhibition_.fired(alert);
    restored_ = true;  // what the new rules inhibit, or no longer do, is settled by the next due()
}

void AlertGrouper::restore(std::vector<Incident> incidents, const std::vector<Alert>& alerts) {
    std::ranges::sort(incidents, {}, [](const Incident& incident) { return incident.resolvedAt; });
    for (auto& incident : incidents) {
        incident.alerts.clear();
        incident.firing = 0;
        auto key = incident.group;
        if (incident.resolvedAt)
            closings_.emplace_back(*incident.resolvedAt, key);
        else
            keyOfId_.emplace(incident.id, key);
        auto& into = incident.resolvedAt ? closed_ : groups_;
        into[std::move(key)].incident = std::move(incident);
    }
    for (const auto& alert : alerts) {
        if (alert.state() == AlertState::Resolved) restoreResolved(alert);
        if (alert.state() != AlertState::Firing) continue;
        auto& group = join(alert);
        group.put(alert);
        inhibition_.fired(alert);
        group.incident.total = std::max(group.incident.total, group.counted());
    }
    for (auto& [key, group] : groups_) {
        group.refresh(group.incident.updatedAt);
        scheduleFollowUp(group);
    }
    restored_ = true;
}

/// One that fires again is not one more.
void AlertGrouper::restoreResolved(const Alert& alert) {
    auto key = groupKey(alert);
    for (auto* groups : {&groups_, &closed_}) {
        auto group = groups->find(key);
        if (group == groups->end() || *alert.resolvedAt < group->second.incident.openedAt) continue;
        auto& resolved = group->second.resolved;
        auto later = [](const Alert& one, const Alert& other) { return *one.resolvedAt > *other.resolvedAt; };
        resolved.insert(std::ranges::upper_bound(resolved, alert, later), alert);
        if (resolved.size() > shownResolved) resolved.pop_back();
        return;
    }
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
    reopen(key, alert.firedAt.value_or(alert.activeAt));
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
    incident.owner = alert.owner;
    if (describe_) describe_(incident);
    keyOfId_.emplace(incident.id, std::move(key));
    return at->second;
}

/// One that has just closed goes on; it keeps `resolvedAt` until that is said.
void AlertGrouper::reopen(const std::string& key, TimePoint firedAt) {
    auto closed = closed_.find(key);
    if (closed == closed_.end() || groups_.contains(key)) return;
    bool soon = firedAt < *closed->second.incident.resolvedAt + reopens;
    auto group = closed_.extract(closed);
    if (!soon) return;
    keyOfId_.emplace(group.mapped().incident.id, key);
    groups_.insert(std::move(group));
}

void AlertGrouper::forgetClosed(TimePoint now) {
    while (!closings_.empty() && closings_.front().first + reopens <= now) {
        auto closed = closed_.find(closings_.front().second);
        if (closed != closed_.end() && closed->second.incident.resolvedAt == closings_.front().first)
            closed_.erase(closed);
        closings_.pop_front();
    }
}

void AlertGrouper::apply(const Transition& transition, IncidentUpdates& out) {
    switch (transition.reason) {
        case Transition::Reason::Pending:
        case Transition::Reason::Withdrawn:
        case Transition::Reason::Noted:
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
    inhibition_.fired(alert);
    auto& group = join(alert);
    auto same = [&](const Alert& other) { return other.fingerprint == alert.fingerprint; };
    bool isNew = group.put(alert);
    bool returns = std::erase_if(group.resolved, same) > 0;
    bool toldAlready = group.isToldOtherwise(alert);
    if (isNew && !returns && !toldAlready) ++group.incident.total;
    bool wasClosed = group.incident.resolvedAt.has_value();
    group.incident.resolvedAt.reset();
    bool opens = group.incident.revision == 0 || (wasClosed && group.incident.toldAt + tellsAgain <= at);
    bool wasSilenced = group.incident.silenced.has_value();
    bool wasQuiet = isQuiet(group.incident);
    coverNew(group, alert, at);
    coverNewByInhibition(group, alert, at);
    if (opens)
        emit(group, Reason::Opened, at, out);
    else if (wasClosed)
        emit(group, Reason::Reopened, at, out);
    else if (wasQuiet && !isQuiet(group.incident))
        emit(group, wasSilenced ? Reason::SilenceEnded : Reason::InhibitionEnded, at, out);
    else
        emitUnlessQuiet(group, toldAlready ? Reason::Changed : Reason::Grew, at, out);
    inhibitorFired(alert.rule, at, out);
}

void AlertGrouper::changed(const Alert& alert, TimePoint at, IncidentUpdates& out) {
    auto key = groupOf_.find(alert.fingerprint);
    if (key == groupOf_.end()) return;
    auto& group = groups_.find(key->second)->second;
    group.put(alert);
    emitUnlessQuiet(group, Reason::Changed, at, out);
}

void AlertGrouper::resolved(const Alert& alert, TimePoint at, IncidentUpdates& out) {
    auto key = groupOf_.find(alert.fingerprint);
    if (key == groupOf_.end()) return;
    auto found = groups_.find(key->second);
    groupOf_.erase(key);
    inhibition_.resolved(alert);
    if (!inhibition_.inhibitedBy(alert.rule).empty()) inhibitorsGone_[alert.rule] = at + afterInhibition;
    auto& group = found->second;
    group.remove(alert);
    bool toldStill = group.isToldOtherwise(alert);
    if (!toldStill) group.resolved.insert(group.resolved.begin(), alert);
    if (group.resolved.size() > shownResolved) group.resolved.pop_back();
    if (!group.incident.inhibited) coverByInhibition(group, at);  // with fewer it is as quiet as it was
    if (group.firing.empty())
        close(found, at, out);
    else if (!group.incident.silenced && coverBySilence(group, at))
        emit(group, Reason::Silenced, at, out);
    else
        emitUnlessQuiet(group, toldStill ? Reason::Changed : Reason::Shrank, at, out);
}

void AlertGrouper::close(Groups::iterator group, TimePoint at, IncidentUpdates& out) {
    group->second.incident.resolvedAt = at;
    emit(group->second, Reason::Resolved, at, out);
    keyOfId_.erase(group->second.incident.id);
    forgetClosed(at);
    closings_.emplace_back(at, group->first);
    closed_.erase(group->first);
    closed_.insert(groups_.extract(group));
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

Result<void> AlertGrouper::noteAction(std::string_view incidentId, const Action& action, TimePoint at,
                                      IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    auto& actions = group->incident.actions;
    auto known = std::ranges::find(actions, action.id, &Action::id);
    if (known != actions.end())
        *known = action;
    else
        actions.push_back(action);
    if (actions.size() > keptActions) actions.erase(actions.begin());
    emit(*group, Reason::Acted, at, out);
    return {};
}

Result<void> AlertGrouper::assign(std::string_view incidentId, const std::string& person, const Mark& mark,
                                  IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    if (group->incident.assignee == person) return {};
    group->incident.assignee = person;
    group->incident.assigned = mark;
    emit(*group, Reason::Assigned, mark.at, out);
    return {};
}

Result<void> AlertGrouper::comment(std::string_view incidentId, const Mark& mark, IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    auto& comments = group->incident.comments;
    comments.push_back(mark);
    if (comments.size() > keptComments) comments.erase(comments.begin());
    emit(*group, Reason::Commented, mark.at, out);
    return {};
}

Result<void> AlertGrouper::noteFindings(std::string_view incidentId, Findings findings, bool told, TimePoint at,
                                        IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    group->incident.findings = std::move(findings);
    if (told) emit(*group, Reason::Enriched, at, out);
    return {};
}

Result<void> AlertGrouper::divert(std::string_view incidentId, const Diversion& diversion, TimePoint at,
                                  IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    auto& diversions = group->incident.diversions;
    if (std::ranges::find(diversions, diversion.to, &Diversion::to) != diversions.end()) return {};
    diversions.push_back(diversion);
    emit(*group, Reason::Diverted, at, out);
    return {};
}

Result<void> AlertGrouper::sayAgain(std::string_view incidentId, TimePoint at, IncidentUpdates& out) {
    auto* group = byId(incidentId);
    if (!group) return fail(ErrorCode::NotFound, "no open incident " + std::string(incidentId));
    emitUnlessQuiet(*group, Reason::Changed, at, out);
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

/// Another alert fires in the group: it silences a new incident, or ends the silence of one that it does not share.
void AlertGrouper::coverNew(Group& group, const Alert& alert, TimePoint now) const {
    if (group.firing.size() == 1) {
        coverBySilence(group, now);
        return;
    }
    if (!group.incident.silenced) return;
    if (const auto* silence = silences_.covering(alert, now)) {
        group.incident.silencedUntil = std::min(*group.incident.silencedUntil, silence->endsAt);
        return;
    }
    group.incident.silenced.reset();
    group.incident.silencedUntil.reset();
}

/// As it was when all its alerts were looked at: thousands of them need not be looked at again.
bool AlertGrouper::isUninhibited(const Group& group) const {
    if (group.incident.inhibited) return false;
    auto known = group.firing.find(group.uninhibited);
    return known != group.firing.end() && !inhibition_.inhibitorOf(known->second).value_or(nullptr);
}

bool AlertGrouper::wasInhibitedJustNow(const Alert& alert, TimePoint now) const {
    const auto* rule = rules_->find(alert.rule);
    if (!rule) return false;
    auto gone = inhibitorsGone_.end();
    for (const auto& by : rule->inhibitedBy)
        if (gone = inhibitorsGone_.find(by.alert); gone != inhibitorsGone_.end()) break;
    return gone != inhibitorsGone_.end() && now < gone->second;
}

/// An incident is inhibited while every alert that fires in it is. It is said to be so from its opening when nobody has
/// heard of it.
void AlertGrouper::coverByInhibition(Group& group, TimePoint now) const {
    if (isUninhibited(group)) return;
    const Alert* inhibitor = nullptr;
    for (const auto& [fingerprint, alert] : group.firing) {
        auto found = inhibition_.inhibitorOf(alert);
        if (!found && group.incident.inhibited) return;  // it stays as it was told
        inhibitor = found.value_or(nullptr);
        if (inhibitor || (group.incident.inhibited && wasInhibitedJustNow(alert, now))) continue;
        group.incident.inhibited.reset();
        group.uninhibited = fingerprint;
        return;
    }
    if (!inhibitor || group.incident.inhibited) return;
    auto since = group.incident.revision == 0 ? group.incident.openedAt : now;
    group.incident.inhibited = Mark{inhibitor->rule, since, inhibitor->title.en};
}

/// Another alert fires in the group: the others are as quiet as they were.
void AlertGrouper::coverNewByInhibition(Group& group, const Alert& alert, TimePoint now) const {
    if (!group.incident.inhibited) return coverByInhibition(group, now);
    auto found = inhibition_.inhibitorOf(alert);
    if (!found || *found || wasInhibitedJustNow(alert, now)) return;
    group.incident.inhibited.reset();
    group.uninhibited = alert.fingerprint;
}

void AlertGrouper::forEachDependent(std::string_view inhibitor, const std::function<void(Group&)>& visit) {
    for (const auto& rule : inhibition_.inhibitedBy(inhibitor)) {
        std::string prefix;  // of the keys of the rule's groups
        add(prefix, rule);
        for (auto at = groups_.lower_bound(prefix); at != groups_.end() && at->first.starts_with(prefix); ++at)
            visit(at->second);
    }
}

void AlertGrouper::inhibitorFired(std::string_view inhibitor, TimePoint now, IncidentUpdates& out) {
    forEachDependent(inhibitor, [&](Group& group) {
        if (!group.incident.inhibited) lookAtInhibited(group, now, out);
    });
}

void AlertGrouper::inhibitorsOver(TimePoint now) {
    for (auto gone = inhibitorsGone_.begin(); gone != inhibitorsGone_.end();) {
        if (now < gone->second) {
            ++gone;
            continue;
        }
        forEachDependent(gone->first, [&](Group& group) {
            if (group.incident.inhibited) dependents_.push_back(group.incident.group);
        });
        gone = inhibitorsGone_.erase(gone);
    }
}

void AlertGrouper::lookAtDependents(TimePoint now, IncidentUpdates& out) {
    for (std::size_t looked = 0; looked < lookedAtOnce && !dependents_.empty(); dependents_.pop_front()) {
        auto group = groups_.find(dependents_.front());
        if (group == groups_.end()) continue;
        looked += group->second.firing.size();
        lookAtInhibited(group->second, now, out);
    }
}

void AlertGrouper::lookAtInhibited(Group& group, TimePoint now, IncidentUpdates& out) {
    if (group.firing.empty() || group.incident.revision == 0) return;
    bool before = group.incident.inhibited.has_value();
    coverByInhibition(group, now);
    bool after = group.incident.inhibited.has_value();
    if (before == after || group.incident.silenced) return;
    emit(group, after ? Reason::Inhibited : Reason::InhibitionEnded, now, out);
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
    while (auto key = followUps_.takeDue(now))
        if (auto group = groups_.find(*key); group != groups_.end()) followUp(group->second, now, out);
    inhibitorsOver(now);
    lookAtDependents(now, out);
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
            coverByInhibition(current->second, now);
            emit(current->second, Reason::Opened, now, out);
        } else {
            lookAtInhibited(current->second, now, out);
        }
    }
}

std::optional<TimePoint> AlertGrouper::nextDue() const {
    if (restored_ || !dependents_.empty()) return TimePoint();
    auto next = nextSilenceChange_;
    if (auto followUp = followUps_.next()) next = next ? std::min(*next, *followUp) : followUp;
    for (const auto& [rule, when] : inhibitorsGone_) next = next ? std::min(*next, when) : when;
    return next;
}

const Incident* AlertGrouper::find(std::string_view incidentId) const {
    auto key = keyOfId_.find(incidentId);
    return key == keyOfId_.end() ? nullptr : &groups_.find(key->second)->second.incident;
}

void AlertGrouper::forEach(const std::function<void(const Incident&)>& visit) const {
    for (const auto& [key, group] : groups_) visit(group.incident);
}

}  // namespace klaw::rules
