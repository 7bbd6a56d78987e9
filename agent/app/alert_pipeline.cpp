#include "agent/app/alert_pipeline.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rules/event_windows.hpp"
#include "rules/owner.hpp"

namespace klaw::app {
namespace {

std::string targetOf(const rules::Alert& alert) {
    std::string target = alert.cluster;
    for (const auto* part : {&alert.object.ns, &alert.object.kind, &alert.object.name})
        if (!part->empty()) target += "/" + *part;
    return target;
}

storage::AuditEntry auditOf(const rules::Transition& transition) {
    nlohmann::ordered_json detail{{"rule", transition.alert.rule}, {"fingerprint", transition.alert.fingerprint}};
    if (transition.alert.startedBefore) detail["startedBefore"] = true;
    bool fired = transition.reason == rules::Transition::Reason::Fired;
    return {transition.at,
            "klaw",
            fired ? "alert.fired" : "alert.resolved",
            "done",
            targetOf(transition.alert),
            detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

/// What is kept of an alert that was withdrawn: how it fired last, as far as that is not too long ago to matter.
std::optional<rules::Alert> fireBefore(const rules::Transition& withdrawn) {
    if (withdrawn.alert.firedBefore.empty()) return std::nullopt;
    auto alert = withdrawn.alert;
    alert.firedAt = alert.firedBefore.back();
    alert.firedBefore.pop_back();
    alert.resolvedAt = withdrawn.at;
    return alert;
}

}  // namespace

AlertPipeline::AlertPipeline(std::shared_ptr<const rules::RuleSet> rules, const rules::ObjectSource& objects,
                             deliver::DeliveryPlanner planner, OnTransition onTransition, rules::EngineOptions options)
    : context_(objects),
      unavailable_(objects),
      engine_(rules, objects, std::move(options)),
      grouper_(rules, planner.routes()),
      planner_(std::move(planner)),
      onTransition_(std::move(onTransition)) {
    grouper_.setContext([this](rules::Incident& incident) { context_.describe(incident); });
    grouper_.setNodes([this](const rules::Alert& alert) { return unavailable_.nodesOf(alert); });
}

void AlertPipeline::restore(const storage::RecoveredState& state, std::optional<TimePoint> lastAlive, TimePoint now) {
    silences_ = state.silences;
    engine_.restore(state.alerts, state.counters, lastAlive);
    engine_.restoreReadings(state.readings);
    grouper_.restore(state.incidents, state.alerts);
    applySilences(now);
    applyQuietHours(state.deliveries, now);
}

/// They may be others than when the agent ended.
void AlertPipeline::applyQuietHours(const std::vector<storage::Delivery>& waiting, TimePoint now) {
    for (const auto& delivery : waiting) {
        const auto* incident = grouper_.find(delivery.incidentId);
        bool asleep = delivery.attempts == 0 && delivery.livingCard && now < delivery.notBefore;
        if (!incident || incident->firing == 0 || !asleep) continue;
        bool asBefore = planner_.routes()->quietUntil(*incident, delivery.channel, now) == delivery.notBefore;
        if (!asBefore) (void)grouper_.sayAgain(delivery.incidentId, now, updates_);
    }
    follow(now);
}

/// What a first list brings happened while nobody watched, so it tells nothing of how fast Klaw is.
void AlertPipeline::change(const rules::Change& change, TimePoint now) {
    auto known = unit_.newDeliveries.size();
    if (auto noted = context_.note(change, now)) {
        auto object = rules::refOf(change.cluster, change.resource, change.object);
        unit_.objectChanges.push_back({std::move(object.cluster), std::move(object.kind), std::move(object.ns),
                                       std::move(object.name), std::move(noted->what), std::move(noted->by), now});
        dirty_ = true;
    }
    unavailable_.note(change);
    engine_.apply(change, now, output_);
    follow(now);
    if (unit_.newDeliveries.size() == known || change.resource != "events" || change.initial) return;
    auto causedAt = rules::readEvent(change.object).at;
    for (auto made = known; made < unit_.newDeliveries.size(); ++made) {
        auto& delivery = unit_.newDeliveries[made];
        delivery.causedAt = causedAt;
        if (auto held = held_.find(delivery.incidentId); held != held_.end()) held->second.causedAt = causedAt;
    }
}

void AlertPipeline::samples(const rules::SampleBatch& batch, TimePoint now) {
    engine_.observe(batch, now, output_);
    follow(now);
}

void AlertPipeline::receive(std::vector<rules::ReceivedAlert> alerts, TimePoint now) {
    engine_.receive(std::move(alerts), now, output_);
    follow(now);
}

void AlertPipeline::sourceLost(std::string_view cluster, std::string_view source, TimePoint now) {
    engine_.sourceLost(cluster, source, now, output_);
    follow(now);
}

void AlertPipeline::listCompleted(std::string_view cluster, std::string_view resource,
                                  const std::function<bool(std::string_view uid)>& exists, TimePoint now) {
    engine_.listCompleted(cluster, resource, exists, now, output_);
    follow(now);
}

void AlertPipeline::due(TimePoint now) {
    engine_.due(now, output_);
    follow(now);
    if (nextMaintenance_ && *nextMaintenance_ <= now) applySilences(now);
    grouper_.due(now, updates_);
    follow(now);
}

std::optional<TimePoint> AlertPipeline::nextDue() const {
    std::optional<TimePoint> next;
    for (auto due : {engine_.nextDue(), grouper_.nextDue(), nextMaintenance_})
        if (due && (!next || *due < *next)) next = due;
    return next;
}

Result<std::string> AlertPipeline::resolveId(std::string_view prefix) const {
    std::vector<std::string> found;
    if (prefix.size() >= 3)
        grouper_.forEach([&](const rules::Incident& incident) {
            if (incident.id.starts_with(prefix)) found.push_back(incident.id);
        });
    if (found.empty())
        return fail(ErrorCode::NotFound, "no open alert has the id \"" + std::string(prefix) + "\"", {},
                    "`alerts` lists the open ones");
    if (found.size() > 1)
        return fail(ErrorCode::InvalidArgument,
                    "\"" + std::string(prefix) + "\" is the beginning of " + std::to_string(found.size()) + " ids", {},
                    "write more of it");
    return found.front();
}

Result<void> AlertPipeline::acknowledge(std::string_view incidentId, const rules::Mark& mark) {
    auto done = grouper_.acknowledge(incidentId, mark, updates_);
    follow(mark.at);
    return done;
}

Result<void> AlertPipeline::unacknowledge(std::string_view incidentId, const rules::Mark& mark) {
    auto done = grouper_.unacknowledge(incidentId, mark, updates_);
    follow(mark.at);
    return done;
}

Result<void> AlertPipeline::assign(std::string_view incidentId, const std::string& person, const rules::Mark& mark) {
    auto done = grouper_.assign(incidentId, person, mark, updates_);
    follow(mark.at);
    return done;
}

Result<void> AlertPipeline::comment(std::string_view incidentId, const rules::Mark& mark) {
    auto done = grouper_.comment(incidentId, mark, updates_);
    follow(mark.at);
    return done;
}

Result<void> AlertPipeline::noteAction(std::string_view incidentId, const rules::Action& action, TimePoint now) {
    auto done = grouper_.noteAction(incidentId, action, now, updates_);
    follow(now);
    return done;
}

Result<void> AlertPipeline::divert(std::string_view incidentId, const rules::Diversion& diversion, TimePoint now) {
    auto done = grouper_.divert(incidentId, diversion, now, updates_);
    follow(now);
    return done;
}

const rules::Silence* AlertPipeline::silenceWith(const std::vector<rules::Matcher>& matchers, TimePoint now) const {
    auto found = std::ranges::find_if(silences_, [&](const rules::Silence& silence) {
        return silence.activeAt(now) && silence.matchers == matchers;
    });
    return found == silences_.end() ? nullptr : &*found;
}

void AlertPipeline::addSilence(rules::Silence silence, TimePoint now) {
    unit_.silences.push_back(silence);
    dirty_ = true;
    std::erase_if(silences_,
                  [&](const rules::Silence& known) { return known.endsAt <= now || known.id == silence.id; });
    silences_.push_back(std::move(silence));
    applySilences(now);
}

void AlertPipeline::setMaintenance(rules::Maintenance maintenance, TimePoint now) {
    maintenance_ = std::move(maintenance);
    applySilences(now);
}

void AlertPipeline::applySilences(TimePoint now) {
    auto all = silences_;
    for (auto& planned : maintenance_.activeAt(now)) all.push_back(std::move(planned));
    nextMaintenance_ = maintenance_.nextChange(now);
    grouper_.setSilences(std::move(all), now, updates_);
    follow(now);
}

std::vector<rules::Silence> AlertPipeline::silencesAt(TimePoint now) const {
    auto active = maintenance_.activeAt(now);
    for (const auto& silence : silences_)
        if (silence.activeAt(now)) active.push_back(silence);
    return active;
}

Result<void> AlertPipeline::endSilence(std::string_view silenceId, const std::string& by, TimePoint now) {
    auto found = std::find_if(silences_.begin(), silences_.end(), [&](const rules::Silence& silence) {
        return silence.endsAt > now && silenceId.size() >= 3 && silence.id.starts_with(silenceId);
    });
    if (found == silences_.end())
        return fail(ErrorCode::NotFound, "no silence has the id \"" + std::string(silenceId) + "\"", {},
                    "`silence` lists them");
    auto ended = *found;
    ended.endsAt = now;
    ended.comment += (ended.comment.empty() ? "" : " ") + ("ended by " + by);
    addSilence(std::move(ended), now);
    return {};
}

void AlertPipeline::replaceRules(std::shared_ptr<const rules::RuleSet> rules, TimePoint now) {
    engine_.replaceRules(rules, now, output_);
    grouper_.replaceRules(rules);
    follow(now);
}

void AlertPipeline::replacePlanner(deliver::DeliveryPlanner planner, TimePoint now) {
    planner_ = std::move(planner);
    grouper_.replaceRoutes(planner_.routes(), now, updates_);
    follow(now);
}

void AlertPipeline::keepClusters(const std::set<std::string, std::less<>>& clusters, TimePoint now) {
    unavailable_.keepClusters(clusters);
    engine_.keepClusters(clusters, now, output_);
    follow(now);
}

void AlertPipeline::reevaluate(std::string_view cluster, std::string_view resource, TimePoint now) {
    engine_.reevaluate(cluster, resource, now, output_);
    follow(now);
}

void AlertPipeline::follow(TimePoint) {
    for (auto& transition : output_.transitions) {
        note(transition);
        grouper_.apply(transition, updates_);
        keep(std::move(transition));
    }
    for (auto& counter : output_.counters) unit_.counters.push_back(std::move(counter));
    std::ranges::move(output_.readings, std::back_inserter(unit_.readings));
    dirty_ = dirty_ || !output_.counters.empty() || !output_.readings.empty();
    output_.transitions.clear();
    output_.counters.clear();
    output_.readings.clear();
    for (auto& update : updates_) note(update);
    updates_.clear();
}

void AlertPipeline::note(const rules::Transition& transition) {
    using Reason = rules::Transition::Reason;
    dirty_ = true;
    if (transition.reason == Reason::Fired || transition.reason == Reason::Resolved)
        unit_.audit.push_back(auditOf(transition));
    ++counters_.transitions[std::string(rules::toString(transition.reason))];
    if (onTransition_ && transition.reason != Reason::Noted) onTransition_(transition);
}

/// For the next unit of work.
void AlertPipeline::keep(rules::Transition transition) {
    auto& stored = alerts_[transition.alert.fingerprint];
    if (transition.reason == rules::Transition::Reason::Withdrawn)
        stored = fireBefore(transition);
    else
        stored = std::move(transition.alert);
}

/// Only what begins a card, or lets it speak again, is worth a wait. Whoever writes over a card that waits, waits too.
std::optional<AlertPipeline::Held> AlertPipeline::heldFor(rules::IncidentUpdate& update) {
    using Reason = rules::IncidentUpdate::Reason;
    if (!lookUp_) return std::nullopt;
    auto begun = lookUp_(update);
    if (begun == LookUp::Skipped && update.incident.findings.at == TimePoint{}) {
        update.incident.findings.skipped = true;
        grouper_.noteFindings(update.incident.id, update.incident.findings, false, update.at, updates_);
    }
    std::erase_if(held_, [&](const auto& held) { return held.second.hold.until < update.at; });
    bool begins = update.reason == Reason::Opened || update.reason == Reason::Reopened ||
                  update.reason == Reason::SilenceEnded || update.reason == Reason::InhibitionEnded;
    if (begins && begun == LookUp::UnderWay && !isQuiet(update.incident))
        held_.insert_or_assign(update.incident.id, Held{{update.at + lookUpWait, update.reason}, std::nullopt});
    auto held = held_.find(update.incident.id);
    if (held == held_.end()) return std::nullopt;
    auto copy = held->second;
    if (update.reason == Reason::Enriched) held_.erase(held);
    return copy;
}

Result<void> AlertPipeline::lookedUp(std::string_view incidentId, rules::Findings findings, TimePoint now) {
    auto held = held_.find(incidentId);
    bool waits = held != held_.end() && now < held->second.hold.until;
    if (waits)
        held->second.hold.until = now;
    else if (held != held_.end())
        held_.erase(held);
    // What is found first is worth a call of its own; what is found again rides with the next card.
    const auto* incident = grouper_.find(incidentId);
    bool told = waits || (incident && incident->findings.at == TimePoint{});
    auto done = grouper_.noteFindings(incidentId, std::move(findings), told, now, updates_);
    if (!done) return done;
    if (!told) {
        incidents_[std::string(incidentId)] = *grouper_.find(incidentId);
        dirty_ = true;
    }
    follow(now);
    return done;
}

void AlertPipeline::lookUpMissing(TimePoint now) {
    if (!lookUp_) return;
    grouper_.forEach([&](const rules::Incident& incident) {
        if (incident.findings.at == TimePoint{} && !isQuiet(incident))
            lookUp_({rules::IncidentUpdate::Reason::Changed, incident, now});
    });
}

void AlertPipeline::note(rules::IncidentUpdate& update) {
    dirty_ = true;
    auto held = heldFor(update);
    incidents_[update.incident.id] = update.incident;
    ++counters_.updates[std::string(rules::toString(update.reason))];
    auto hold = held ? std::optional(held->hold) : std::nullopt;
    for (auto& delivery : planner_.plan(update, hold)) {
        ++counters_.deliveries;
        if (held) delivery.causedAt = held->causedAt;
        unit_.newDeliveries.push_back(std::move(delivery));
    }
}

storage::UnitOfWork AlertPipeline::take() {
    for (auto& [fingerprint, alert] : alerts_) {
        if (alert)
            unit_.alerts.push_back(std::move(*alert));
        else
            unit_.removedAlerts.push_back(fingerprint);
    }
    for (auto& [id, incident] : incidents_) unit_.incidents.push_back(std::move(incident));
    alerts_.clear();
    incidents_.clear();
    dirty_ = false;
    return std::exchange(unit_, {});
}

}  // namespace klaw::app
