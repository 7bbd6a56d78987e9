#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "rules/change.hpp"
#include "rules/course.hpp"
#include "rules/labels.hpp"
#include "rules/ring.hpp"

namespace klaw::rules {

enum class Severity { Info, Warning, Critical };
std::string_view toString(Severity severity);  ///< "info", "warning", "critical"
std::optional<Severity> severityFromString(std::string_view text);

enum class AlertState { Pending, Firing, Resolved };
std::string_view toString(AlertState state);

/// One thing that is wrong, for its whole life. The state is timestamps; the status follows from them, so that a
/// restart restores facts and not flags.
struct Alert {
    std::string fingerprint;  ///< 32 hex digits of SHA-256 over rule, cluster and labels: the identity
    std::string rule;
    std::string origin;  ///< who decided: empty for a rule of ours, else "alertmanager"
    std::string cluster;
    Labels labels;
    Severity severity = Severity::Warning;
    LocalizedText title;
    LocalizedText description;
    LocalizedText runbook;  ///< a URL or a sentence; may be empty
    ObjectRef object;       ///< what is wrong
    ObjectRef owner;        ///< the workload that owns it, or the object itself
    std::string node;       ///< where it is, or the node itself; empty when not known
    std::string element;    ///< key of the element of an `each` rule (container name), or empty
    std::vector<std::string> actions;
    std::vector<std::string> enrich;
    std::vector<std::string> notify;  ///< receivers named by the rule; empty: the default route
    Ring ring = Ring::None;           ///< how the rule wants those rung who are called by name
    Course course;                    ///< of its value, where it is about one
    Labels facts;                     ///< short name → value lines shown on the card (reason, exit code, image, node)

    TimePoint activeAt{};                  ///< the condition first held
    std::optional<TimePoint> firedAt;      ///< it had held for `for`
    std::optional<TimePoint> resolvedAt;   ///< it stopped holding after having fired
    TimePoint updatedAt{};                 ///< last change of anything shown
    Duration keepPendingFor{};             ///< the rule's `for`
    bool startedBefore = false;            ///< already so when the agent first looked
    std::uint64_t count = 1;               ///< occurrences: Event counts, values of the rule's `occurrence`
    std::string occurrence;                ///< last counted value of the rule's `occurrence` ("2026-…", "17"), or empty
    std::string progress;                  ///< last value of the rule's `wait_anew`, or empty
    std::optional<TimePoint> noDataSince;  ///< its source says nothing: neither better nor worse is known
    bool flapping = false;                 ///< fires and resolves again and again: held open until it is quiet
    TimePoint occurredAt{};                ///< when that value was noticed; `keep_firing_for` runs from here
    std::optional<TimePoint> ceasedAt;     ///< the condition holds no longer, but the alert goes on for a while
    std::vector<TimePoint> firedBefore;    ///< lately, oldest first: one that fires again and again is flapping

    AlertState state() const {
        return resolvedAt ? AlertState::Resolved : firedAt ? AlertState::Firing : AlertState::Pending;
    }
    friend bool operator==(const Alert&, const Alert&) = default;
};

/// What happened to an alert, the one word used in log, metric label, audit row and test name.
struct Transition {
    enum class Reason {
        Pending,    ///< the condition holds, `for` has not passed
        Withdrawn,  ///< it stopped holding while pending: nobody heard of it
        Fired,
        Changed,  ///< still firing, and something shown has changed (count, facts, text)
        Resolved,
        Noted,  ///< nothing that anybody sees: what the next start of the agent has to know
    };
    Reason reason;
    Alert alert;  ///< the state after the transition
    TimePoint at;
};
std::string_view toString(Transition::Reason reason);

/// How often an Event object had been counted by a rule, so that a restart neither repeats nor loses occurrences.
struct EventCounter {
    std::string cluster;
    std::string rule;
    std::string window;  ///< key of the window (values of `per`)
    std::string eventUid;
    std::uint64_t seen = 0;      ///< last seen count of the Event object
    std::uint64_t increase = 0;  ///< what this observation added
    TimePoint at{};              ///< when, by the Event's own time
};

}  // namespace klaw::rules
