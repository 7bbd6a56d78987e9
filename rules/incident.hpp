#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/alert.hpp"
#include "rules/findings.hpp"

namespace klaw::rules {

/// Who did something and when, for acknowledgements and silences.
struct Mark {
    std::string by;
    TimePoint at{};
    std::string comment;
    friend bool operator==(const Mark&, const Mark&) = default;
};

/// Something that was changed of a workload.
struct RecentChange {
    std::string what;  ///< "app: shop/web:1.0 → shop/web:1.1, replicas: 3 → 5"
    std::string by;    ///< the field manager: "kubectl-set"; empty where it is not known
    TimePoint at{};
    friend bool operator==(const RecentChange&, const RecentChange&) = default;
};

/// Something that was done about an incident.
struct Action {
    enum class State { Acting, Done, Failed };
    std::string id;  ///< the same for its beginning and its end
    Mark mark;       ///< who, and when it began
    std::string what;
    State state = State::Acting;
    std::string result;  ///< how far it is, what came of it
    friend bool operator==(const Action&, const Action&) = default;
};

/// A channel that stands in for one that could not be reached.
struct Diversion {
    std::string from;
    std::string to;
    friend bool operator==(const Diversion&, const Diversion&) = default;
};

/// The alerts of one group from the first that fires until none does: what one card shows.
struct Incident {
    std::string id;     ///< 16 hex digits of SHA-256 over group key and opening time
    std::string group;  ///< group key: rule, cluster, namespace and owner by default
    std::string rule;
    std::string cluster;
    ObjectRef owner;
    Labels labels;  ///< those equal in all its alerts
    Severity severity = Severity::Warning;
    LocalizedText title;
    std::vector<Alert> alerts;  ///< firing first by time, then at most a few resolved; a copy for the card
    std::size_t firing = 0;
    std::size_t total = 0;  ///< alerts that have ever been part of it
    TimePoint openedAt{};
    std::optional<TimePoint> resolvedAt;
    TimePoint updatedAt{};
    std::optional<Mark> acknowledged;
    std::string assignee;          ///< who is to look after it; empty: nobody in particular
    std::optional<Mark> assigned;  ///< who said so
    std::vector<Mark> comments;    ///< the last few, oldest first
    std::optional<Mark> silenced;
    std::optional<TimePoint> silencedUntil;
    std::optional<Mark> inhibited;  ///< `by` names the rule, the comment is the title of the alert that keeps it quiet
    TimePoint toldAt{};             ///< when people were last told of it, not counting changes of the card
    TimePoint waitsSince{};         ///< since when escalation waits: people could hear of it; before: since openedAt
    std::uint32_t escalated = 0;    ///< steps of its route that were taken
    std::vector<Diversion> diversions;  ///< oldest first
    bool startedBefore = false;
    std::vector<RecentChange> changes;    ///< of the owner, shortly before the incident began; oldest first
    std::vector<std::string> dependents;  ///< what depends on the owner, as text: "Deployment shop/cart (3)"
    std::vector<Action> actions;          ///< the last few, oldest first
    Findings findings;
    std::uint64_t revision = 0;  ///< grows with every update; an older one never overwrites a newer
};

/// Nobody is told of what changes in it.
inline bool isQuiet(const Incident& incident) {
    return incident.silenced || incident.inhibited;
}

/// What happened to an incident and why its card may have to change.
struct IncidentUpdate {
    enum class Reason {
        Opened,    ///< also when it fires again after a while in which people saw it resolved
        Reopened,  ///< fires again just after it was resolved
        Grew,
        Shrank,
        Changed,
        Resolved,
        Acknowledged,
        Unacknowledged,
        Assigned,   ///< somebody in particular is to look after it
        Commented,  ///< somebody wrote something about it
        Acted,      ///< somebody does something about it, or that has ended
        Silenced,
        SilenceEnded,
        Inhibited,
        InhibitionEnded,
        Enriched,   ///< what was looked up about it is there, before its card has left
        Diverted,   ///< it could not be delivered: the channel that stands in is told
        Escalated,  ///< nobody has taken it: the next step's receivers are told
        Reminded    ///< nobody has taken it: all are told again
    };
    Reason reason;
    Incident incident;
    TimePoint at{};
};
std::string_view toString(IncidentUpdate::Reason reason);

}  // namespace klaw::rules
