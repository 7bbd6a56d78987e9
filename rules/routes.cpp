#include "rules/routes.hpp"

#include <algorithm>
#include <functional>

namespace klaw::rules {
namespace {

void add(std::vector<std::string>& into, const std::vector<std::string>& names) {
    for (const auto& name : names)
        if (std::ranges::find(into, name) == into.end()) into.push_back(name);
}

/// What matchers look at.
Alert outlineOf(const Incident& incident) {
    Alert outline;
    outline.rule = incident.rule;
    outline.cluster = incident.cluster;
    outline.severity = incident.severity;
    outline.labels = incident.labels;
    if (!incident.owner.ns.empty()) outline.labels.emplace("namespace", incident.owner.ns);
    return outline;
}

}  // namespace

Routes::Routes(std::vector<Route> routes, std::vector<std::string> otherwise, std::vector<Rota> rotas)
    : routes_(std::move(routes)), otherwise_(std::move(otherwise)), rotas_(std::move(rotas)) {
    for (auto& route : routes_) std::ranges::stable_sort(route.escalate, {}, &EscalationStep::after);
}

std::vector<std::string> Routes::people(const std::vector<std::string>& mentions, TimePoint at) const {
    std::vector<std::string> people;
    for (const auto& mention : mentions) {
        auto onCall = onCallName(mention);
        if (!onCall) {
            add(people, {mention});
            continue;
        }
        auto rota = std::ranges::find(rotas_, onCall->rota, &Rota::name);
        if (rota != rotas_.end()) add(people, {rota->personAt(at, onCall->after)});
    }
    return people;
}

std::vector<const Route*> Routes::matching(const Alert& outline) const {
    std::vector<const Route*> matching;
    for (const auto& route : routes_) {
        if (!route.match.match(outline)) continue;
        matching.push_back(&route);
        if (!route.goOn) break;
    }
    return matching;
}

Routes::Chosen Routes::of(const Incident& incident, TimePoint at) const {
    Chosen chosen;
    auto outline = outlineOf(incident);
    auto routes = matching(outline);
    auto isAwake = [&](const Route* route) { return !Quiet(route->quietHours, outline).until(at); };
    bool anyAwake = std::ranges::any_of(routes, isAwake);
    for (const auto* route : routes) {
        add(chosen.notify, route->notify);
        if (chosen.escalate.empty()) chosen.escalate = route->escalate;
        if (anyAwake && !isAwake(route)) continue;
        add(chosen.mention, route->mention);
        chosen.ring = std::max(chosen.ring, route->ring);
    }
    if (routes.empty()) chosen.notify = otherwise_;
    for (const auto& alert : incident.alerts) {
        add(chosen.named, alert.notify);
        if (alert.state() != AlertState::Resolved) chosen.ring = std::max(chosen.ring, alert.ring);
    }
    return chosen;
}

std::optional<TimePoint> Routes::quietUntil(const Incident& incident, std::string_view channel, TimePoint at) const {
    auto outline = outlineOf(incident);
    auto routes = matching(outline);
    auto leadsThere = [&](const Route* route) { return std::ranges::count(route->notify, channel) > 0; };
    if (std::ranges::any_of(routes, leadsThere)) std::erase_if(routes, std::not_fn(leadsThere));
    std::optional<TimePoint> first;
    for (const auto* route : routes) {
        auto until = Quiet(route->quietHours, outline).until(at);
        if (!until) return std::nullopt;
        first = std::min(first.value_or(*until), *until);
    }
    return first;
}

std::vector<TimePoint> Routes::quietEnds(const Incident& incident, TimePoint at) const {
    std::vector<TimePoint> ends;
    auto outline = outlineOf(incident);
    for (const auto* route : matching(outline))
        if (auto until = Quiet(route->quietHours, outline).until(at)) ends.push_back(*until);
    return ends;
}

std::optional<TimePoint> Routes::remindsAt(const Incident& incident) const {
    auto outline = outlineOf(incident);
    for (const auto* route : matching(outline))
        if (route->repeat) return Quiet(route->quietHours, outline).after(incident.toldAt, *route->repeat);
    return std::nullopt;
}

std::optional<TimePoint> Routes::escalatesAt(const Incident& incident) const {
    auto outline = outlineOf(incident);
    for (const auto* route : matching(outline)) {
        if (route->escalate.empty()) continue;
        if (incident.escalated >= route->escalate.size()) break;
        auto wait = route->escalate[incident.escalated].after;
        return Quiet(route->quietHours, outline).after(std::max(incident.openedAt, incident.waitsSince), wait);
    }
    return std::nullopt;
}

}  // namespace klaw::rules
