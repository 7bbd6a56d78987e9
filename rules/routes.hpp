#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/incident.hpp"
#include "rules/on_call.hpp"
#include "rules/quiet_hours.hpp"
#include "rules/ring.hpp"
#include "rules/silence_matchers.hpp"

namespace klaw::rules {

/// Who is told as well when nobody has taken the problem for so long.
struct EscalationStep {
    Duration after{};                  ///< since the incident opened
    std::vector<std::string> notify;   ///< empty: those who were told already
    std::vector<std::string> mention;  ///< people to call by name
    Ring ring = Ring::None;            ///< those
};

/// Who is told of what, and what happens when nobody reacts.
struct Route {
    CompiledMatchers match;                ///< over `alertname`, `cluster`, `severity` and the labels of the incident
    std::vector<std::string> notify;       ///< receivers
    std::vector<std::string> mention;      ///< people to call by name, "all" for everybody
    Ring ring = Ring::None;                ///< those who are called by name
    std::optional<Duration> repeat;        ///< told again while nobody has acknowledged it
    std::vector<EscalationStep> escalate;  ///< by time
    std::vector<QuietHours> quietHours;    ///< when it tells nobody anything new
    bool goOn = false;                     ///< later routes may add to it
};

/// The routes of a configuration. Immutable.
class Routes {
public:
    /// `otherwise`: receivers where no route matches; empty: all channels.
    explicit Routes(std::vector<Route> routes = {}, std::vector<std::string> otherwise = {},
                    std::vector<Rota> rotas = {});

    /// The people of a list of mentions at that time, each once: those on duty in place of their rotas.
    std::vector<std::string> people(const std::vector<std::string>& mentions, TimePoint at) const;

    struct Chosen {
        std::vector<std::string> named;    ///< by the incident's rules themselves: instead of `notify`
        std::vector<std::string> notify;   ///< empty: all channels
        std::vector<std::string> mention;  ///< also by routes in their quiet hours where none is awake
        Ring ring = Ring::None;            ///< the most insistent of routes and of the incident's rules
        std::vector<EscalationStep> escalate;
    };
    /// The first route that matches, and the following ones as long as each says to go on.
    Chosen of(const Incident& incident, TimePoint at) const;

    /// Until when nothing new is to be said of it in that channel: while all routes that lead there have quiet hours,
    /// or where none does, all that match.
    std::optional<TimePoint> quietUntil(const Incident& incident, std::string_view channel, TimePoint at) const;
    /// Whether any route has quiet hours, so that something may still wait for their end.
    bool haveQuietHours() const {
        return std::ranges::any_of(routes_, [](const Route& route) { return !route.quietHours.empty(); });
    }
    /// The same of each route that matches and has quiet hours now.
    std::vector<TimePoint> quietEnds(const Incident& incident, TimePoint at) const;

    /// When people are told again, and when the step of the escalation that comes next is taken. Waits do not pass in
    /// quiet hours.
    std::optional<TimePoint> remindsAt(const Incident& incident) const;
    std::optional<TimePoint> escalatesAt(const Incident& incident) const;

private:
    std::vector<const Route*> matching(const Alert& outline) const;

    std::vector<Route> routes_;
    std::vector<std::string> otherwise_;
    std::vector<Rota> rotas_;
};

}  // namespace klaw::rules
