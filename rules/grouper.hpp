#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "rules/due_queue.hpp"
#include "rules/incident.hpp"
#include "rules/inhibition.hpp"
#include "rules/routes.hpp"
#include "rules/rule_set.hpp"
#include "rules/silence_set.hpp"

namespace klaw::rules {

using IncidentUpdates = std::vector<IncidentUpdate>;

/// Joins firing alerts into incidents, one card each: by default those of one rule in one cluster, namespace and owner.
///
/// An incident is born with the first alert that fires and over once none does; what fires again within `reopens` is
/// the same incident, and people are told of it as of a new one if they were last told `tellsAgain` ago or more. While
/// it is silenced or inhibited it gives no Grew, Shrank or Changed; Opened then carries `silenced` or `inhibited`, and
/// SilenceEnded or InhibitionEnded tells when it may be heard while still firing: after an inhibitor has cleared with a
/// pause in which its consequences may clear as well. Pending and withdrawn alerts are nobody's business here. Not
/// thread-safe; time only as a parameter.
class AlertGrouper {
public:
    explicit AlertGrouper(std::shared_ptr<const RuleSet> rules,
                          std::shared_ptr<const Routes> routes = std::make_shared<Routes>());

    /// After a restart: the incidents that are open or may be opened again, as last stored (their `alerts` are not
    /// read), and the alerts, of which those that pend are not looked at. What does not fit together is put right by
    /// the first due().
    void restore(std::vector<Incident> incidents, const std::vector<Alert>& alerts);
    /// Incidents keep the groups they have; later alerts follow the new rules.
    void replaceRules(std::shared_ptr<const RuleSet> rules);

    /// Called with each incident that begins, to add to what its card tells. Once, first.
    void setContext(std::function<void(Incident&)> describe) { describe_ = std::move(describe); }

    /// Likewise: where the Pods are that keep what an alert is about from being well.
    void setNodes(Inhibition::NodesOf nodesOf) { inhibition_.setNodes(std::move(nodesOf)); }

    /// What other quiet hours hold for now than before is said again, to take the place of what waits for their end.
    void replaceRoutes(std::shared_ptr<const Routes> routes, TimePoint now, IncidentUpdates& out);

    void apply(const Transition& transition, IncidentUpdates& out);

    /// NotFound when no open incident has this id. Once more by the same person changes nothing and gives no update.
    Result<void> acknowledge(std::string_view incidentId, const Mark& mark, IncidentUpdates& out);
    Result<void> unacknowledge(std::string_view incidentId, const Mark& mark, IncidentUpdates& out);

    /// `person` is to look after it; the mark is of who says so. The same again changes nothing and gives no update.
    Result<void> assign(std::string_view incidentId, const std::string& person, const Mark& mark, IncidentUpdates& out);
    /// The mark's comment is what is said.
    Result<void> comment(std::string_view incidentId, const Mark& mark, IncidentUpdates& out);

    /// Added, or replaced where its id is known. NotFound when no open incident has this id.
    Result<void> noteAction(std::string_view incidentId, const Action& action, TimePoint at, IncidentUpdates& out);

    /// What was looked up. An update when it is told, else it is shown by the next one. NotFound when no open incident
    /// has this id.
    Result<void> noteFindings(std::string_view incidentId, Findings findings, bool told, TimePoint at,
                              IncidentUpdates& out);

    /// From now on the channel `to` hears of it as well. Once more changes nothing and gives no update. NotFound when
    /// no open incident has this id.
    Result<void> divert(std::string_view incidentId, const Diversion& diversion, TimePoint at, IncidentUpdates& out);

    /// As it is now, to take the place of what waits to be said. NotFound when no open incident has this id.
    Result<void> sayAgain(std::string_view incidentId, TimePoint at, IncidentUpdates& out);

    /// The whole set, at start and after each change.
    void setSilences(std::vector<Silence> silences, TimePoint now, IncidentUpdates& out);

    void due(TimePoint now, IncidentUpdates& out);
    /// When due() has to be called next; may be in the past.
    std::optional<TimePoint> nextDue() const;

    /// The incident as a card shows it; null when there is no open one of this id.
    const Incident* find(std::string_view incidentId) const;
    /// By group key.
    void forEach(const std::function<void(const Incident&)>& visit) const;
    std::size_t size() const { return groups_.size(); }

    /// As often as rules look at the clock: what comes back with an inhibitor that has cleared, the Pods of a node that
    /// is ready again, does not get a card for the moments that it takes.
    static constexpr Duration afterInhibition = 15s;
    static constexpr Duration reopens = 3min, tellsAgain = 2min;
    static constexpr std::size_t shownFiring = 5;
    static constexpr std::size_t shownResolved = 3;
    static constexpr std::size_t keptActions = 5, keptComments = 5;
    /// Alerts that one due() looks at because their inhibitor is gone. For the rest it is due again at once.
    static constexpr std::size_t lookedAtOnce = 1000;

private:
    struct Group {
        Incident incident;
        std::map<std::string, Alert, std::less<>> firing;    ///< by fingerprint
        std::set<std::pair<TimePoint, std::string>> byTime;  ///< the same, oldest first
        std::array<std::size_t, 3> bySeverity{};             ///< how many
        std::vector<Alert> resolved;                         ///< the last few, newest first
        struct Tellers {
            std::size_t own = 0, received = 0;
            /// Alerts of others that say what ours do: they do not count.
            std::size_t doubles() const { return own > 0 ? received : 0; }
        };
        std::map<std::string, Tellers, std::less<>> tellers;  ///< by the object that alerts are about
        std::size_t doubles = 0;
        std::string uninhibited;  ///< an alert that nothing kept quiet when all were looked at last

        bool put(const Alert& alert);
        void remove(const Alert& alert);
        void refresh(TimePoint at);
        void count(const Alert& alert, int by);
        bool isDouble(const Alert& alert) const;
        bool isToldOtherwise(const Alert& alert) const;
        std::size_t counted() const { return firing.size() - doubles; }
    };
    using Groups = std::map<std::string, Group, std::less<>>;

    std::string groupKey(const Alert& alert) const;
    void fired(const Alert& alert, TimePoint at, IncidentUpdates& out);
    void changed(const Alert& alert, TimePoint at, IncidentUpdates& out);
    void resolved(const Alert& alert, TimePoint at, IncidentUpdates& out);
    void emit(Group& group, IncidentUpdate::Reason reason, TimePoint at, IncidentUpdates& out);
    void emitUnlessQuiet(Group& group, IncidentUpdate::Reason reason, TimePoint at, IncidentUpdates& out);
    void close(Groups::iterator group, TimePoint at, IncidentUpdates& out);
    Group& join(const Alert& alert);
    void restoreResolved(const Alert& alert);
    void reopen(const std::string& key, TimePoint firedAt);
    void forgetClosed(TimePoint now);
    void settleRestored(TimePoint now, IncidentUpdates& out);
    void settleSilences(TimePoint now, IncidentUpdates& out);
    bool coverBySilence(Group& group, TimePoint now) const;
    void coverNew(Group& group, const Alert& alert, TimePoint now) const;
    bool isUninhibited(const Group& group) const;
    bool wasInhibitedJustNow(const Alert& alert, TimePoint now) const;
    void coverByInhibition(Group& group, TimePoint now) const;
    void coverNewByInhibition(Group& group, const Alert& alert, TimePoint now) const;
    void forEachDependent(std::string_view inhibitor, const std::function<void(Group&)>& visit);
    void inhibitorFired(std::string_view inhibitor, TimePoint now, IncidentUpdates& out);
    void inhibitorsOver(TimePoint now);
    void lookAtDependents(TimePoint now, IncidentUpdates& out);
    void lookAtInhibited(Group& group, TimePoint now, IncidentUpdates& out);
    void scheduleFollowUp(const Group& group);
    void followUp(Group& group, TimePoint now, IncidentUpdates& out);
    Group* byId(std::string_view incidentId);

    std::shared_ptr<const RuleSet> rules_;
    std::shared_ptr<const Routes> routes_;
    std::function<void(Incident&)> describe_;
    DueQueue followUps_;  ///< group key → when nobody will have reacted for long enough
    SilenceSet silences_;
    Inhibition inhibition_;
    std::map<std::string, TimePoint, std::less<>>
        inhibitorsGone_;                                       ///< inhibiting rule → when to look at its dependents
    std::deque<std::string> dependents_;                       ///< keys of groups that may be quiet no longer
    Groups groups_;                                            ///< open incidents by group key
    Groups closed_;                                            ///< that may be opened again
    std::deque<std::pair<TimePoint, std::string>> closings_;   ///< when, and the group key; oldest first
    std::map<std::string, std::string, std::less<>> groupOf_;  ///< firing alert → group key
    std::map<std::string, std::string, std::less<>> keyOfId_;  ///< incident id → group key
    std::optional<TimePoint> nextSilenceChange_;
    bool restored_ = false;  ///< restore() may have left something to put right
};

}  // namespace klaw::rules
