#include "rules/alert.hpp"

#include "rules/incident.hpp"

namespace klaw::rules {

std::string_view toString(Severity severity) {
    switch (severity) {
        case Severity::Info:
            return "info";
        case Severity::Warning:
            return "warning";
        case Severity::Critical:
            return "critical";
    }
    return "warning";
}

std::optional<Severity> severityFromString(std::string_view text) {
    for (auto severity : {Severity::Info, Severity::Warning, Severity::Critical})
        if (text == toString(severity)) return severity;
    return std::nullopt;
}

std::string_view toString(AlertState state) {
    switch (state) {
        case AlertState::Pending:
            return "pending";
        case AlertState::Firing:
            return "firing";
        case AlertState::Resolved:
            return "resolved";
    }
    return "resolved";
}

std::string_view toString(Transition::Reason reason) {
    switch (reason) {
        case Transition::Reason::Pending:
            return "pending";
        case Transition::Reason::Withdrawn:
            return "withdrawn";
        case Transition::Reason::Fired:
            return "fired";
        case Transition::Reason::Changed:
            return "changed";
        case Transition::Reason::Resolved:
            return "resolved";
        case Transition::Reason::Noted:
            return "noted";
    }
    return "changed";
}

std::string_view toString(IncidentUpdate::Reason reason) {
    switch (reason) {
        case IncidentUpdate::Reason::Opened:
            return "opened";
        case IncidentUpdate::Reason::Reopened:
            return "reopened";
        case IncidentUpdate::Reason::Grew:
            return "grew";
        case IncidentUpdate::Reason::Shrank:
            return "shrank";
        case IncidentUpdate::Reason::Changed:
            return "changed";
        case IncidentUpdate::Reason::Resolved:
            return "resolved";
        case IncidentUpdate::Reason::Acknowledged:
            return "acknowledged";
        case IncidentUpdate::Reason::Acted:
            return "acted";
        case IncidentUpdate::Reason::Unacknowledged:
            return "unacknowledged";
        case IncidentUpdate::Reason::Silenced:
            return "silenced";
        case IncidentUpdate::Reason::SilenceEnded:
            return "silence_ended";
        case IncidentUpdate::Reason::Inhibited:
            return "inhibited";
        case IncidentUpdate::Reason::InhibitionEnded:
            return "inhibition_ended";
        case IncidentUpdate::Reason::Assigned:
            return "assigned";
        case IncidentUpdate::Reason::Commented:
            return "commented";
        case IncidentUpdate::Reason::Enriched:
            return "enriched";
        case IncidentUpdate::Reason::Diverted:
            return "diverted";
        case IncidentUpdate::Reason::Escalated:
            return "escalated";
        case IncidentUpdate::Reason::Reminded:
            return "reminded";
    }
    return "changed";
}

}  // namespace klaw::rules
