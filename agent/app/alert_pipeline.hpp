#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/deliver/delivery_planner.hpp"
#include "agent/deliver/enricher.hpp"
#include "rules/grouper.hpp"
#include "rules/incident_context.hpp"
#include "rules/maintenance.hpp"
#include "rules/rule_engine.hpp"
#include "rules/unavailable_pods.hpp"
#include "storage/recovery.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// What went through, for metrics and for `klaw replay`.
struct PipelineCounters {
    std::map<std::string, std::uint64_t, std::less<>> transitions;  ///< by reason
    std::map<std::string, std::uint64_t, std::less<>> updates;      ///< by reason
    std::uint64_t deliveries = 0;
};

/// Changes in, units of work out: engine, grouping and planning in one. Pure but for what it is given; the same calls
/// give the same units. `klaw agent` commits the units, `klaw replay` prints them.
class AlertPipeline {
public:
    using OnTransition = std::function<void(const rules::Transition&)>;
    using LookUp = deliver::Enricher::Answer;
    /// Told of what happens to incidents; begins to look up what their cards shall show.
    using OnUpdate = std::function<LookUp(const rules::IncidentUpdate&)>;
    /// How long a card waits for that. Later it rides with the next one: a call of its own would cost as much as a
    /// card.
    static constexpr Duration lookUpWait = 800ms;

    /// `objects` outlives the pipeline.
    AlertPipeline(std::shared_ptr<const rules::RuleSet> rules, const rules::ObjectSource& objects,
                  deliver::DeliveryPlanner planner, OnTransition onTransition = {}, rules::EngineOptions options = {});

    /// Once, first. Without it nothing is looked up.
    void setLookUp(OnUpdate lookUp) { lookUp_ = std::move(lookUp); }
    /// What was looked up: NotFound when the incident has resolved meanwhile.
    Result<void> lookedUp(std::string_view incidentId, rules::Findings findings, TimePoint now);
    /// Looks up what open incidents lack: what was under way when the agent ended.
    void lookUpMissing(TimePoint now);

    /// What was stored before a restart; once, first.
    void restore(const storage::RecoveredState& state, std::optional<TimePoint> lastAlive, TimePoint now);

    void change(const rules::Change& change, TimePoint now);
    void samples(const rules::SampleBatch& batch, TimePoint now);
    void receive(std::vector<rules::ReceivedAlert> alerts, TimePoint now);
    void sourceLost(std::string_view cluster, std::string_view source, TimePoint now);
    void listCompleted(std::string_view cluster, std::string_view resource,
                       const std::function<bool(std::string_view uid)>& exists, TimePoint now);
    void due(TimePoint now);
    std::optional<TimePoint> nextDue() const;

    /// NotFound when no open incident has this id or a unique beginning of it.
    Result<std::string> resolveId(std::string_view prefix) const;
    Result<void> acknowledge(std::string_view incidentId, const rules::Mark& mark);
    Result<void> unacknowledge(std::string_view incidentId, const rules::Mark& mark);
    Result<void> assign(std::string_view incidentId, const std::string& person, const rules::Mark& mark);
    Result<void> comment(std::string_view incidentId, const rules::Mark& mark);
    Result<void> noteAction(std::string_view incidentId, const rules::Action& action, TimePoint now);
    Result<void> divert(std::string_view incidentId, const rules::Diversion& diversion, TimePoint now);
    /// One of people that holds and has these matchers; null when there is none.
    const rules::Silence* silenceWith(const std::vector<rules::Matcher>& matchers, TimePoint now) const;
    /// Made, or changed where the id is known.
    void addSilence(rules::Silence silence, TimePoint now);
    /// What is planned from now on.
    void setMaintenance(rules::Maintenance maintenance, TimePoint now);
    /// NotFound when there is none.
    Result<void> endSilence(std::string_view silenceId, const std::string& by, TimePoint now);

    void replaceRules(std::shared_ptr<const rules::RuleSet> rules, TimePoint now);
    void reevaluate(std::string_view cluster, std::string_view resource, TimePoint now);
    /// Other channels, routes or ways to write.
    void replacePlanner(deliver::DeliveryPlanner planner, TimePoint now);
    /// Alerts of clusters that are not among these resolve.
    void keepClusters(const std::set<std::string, std::less<>>& clusters, TimePoint now);

    /// Everything that has happened since the last call, to be committed at once; empty when nothing has.
    storage::UnitOfWork take();
    bool dirty() const { return dirty_; }

    const rules::RuleEngine& engine() const { return engine_; }
    const rules::AlertGrouper& incidents() const { return grouper_; }
    /// Those of people and of maintenance that are in force.
    std::vector<rules::Silence> silencesAt(TimePoint now) const;
    const PipelineCounters& counters() const { return counters_; }

private:
    void follow(TimePoint now);
    void applySilences(TimePoint now);
    void applyQuietHours(const std::vector<storage::Delivery>& waiting, TimePoint now);
    void note(const rules::Transition& transition);
    void keep(rules::Transition transition);
    void note(rules::IncidentUpdate& update);
    /// A card that waits for what is looked up.
    struct Held {
        deliver::DeliveryPlanner::Hold hold;
        std::optional<TimePoint> causedAt;
    };
    std::optional<Held> heldFor(rules::IncidentUpdate& update);

    rules::IncidentContext context_;
    rules::UnavailablePods unavailable_;
    rules::RuleEngine engine_;
    rules::AlertGrouper grouper_;
    deliver::DeliveryPlanner planner_;
    OnTransition onTransition_;
    OnUpdate lookUp_;
    std::map<std::string, Held, std::less<>> held_;  ///< by incident
    std::vector<rules::Silence> silences_;           ///< of people
    rules::Maintenance maintenance_;
    std::optional<TimePoint> nextMaintenance_;
    rules::EngineOutput output_;
    rules::IncidentUpdates updates_;
    PipelineCounters counters_;

    bool dirty_ = false;
    std::map<std::string, std::optional<rules::Alert>> alerts_;  ///< by fingerprint; nothing: to be forgotten
    std::map<std::string, rules::Incident> incidents_;
    storage::UnitOfWork unit_;
};

}  // namespace klaw::app
