#include "rules/routes.hpp"

#include <algorithm>

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

Routes::Chosen Routes::of(const Incident& incident) const {
    Chosen chosen;
    bool matched = false;
    auto outline = outlineOf(incident);
    for (const auto& route : routes_) {
        if (!route.match.match(outline)) continue;
        matched = true;
        add(chosen.notify, route.notify);
        add(chosen.mention, route.mention);
        chosen.ring = std::max(chosen.ring, route.ring);
        if (!chosen.repeat) chosen.repeat = route.repeat;
        if (chosen.escalate.empty()) chosen.escalate = route.escalate;
        if (!route.goOn) break;
    }
    if (!matched) chosen.notify = otherwise_;
    for (const auto& alert : incident.alerts) add(chosen.named, alert.notify);
    return chosen;
}

}  // namespace klaw::rules
