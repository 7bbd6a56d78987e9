#include "rules/inhibition.hpp"

#include <algorithm>

namespace klaw::rules {
namespace {

std::string textOf(const ObjectRef& object) {
    return object.name.empty() ? std::string() : object.resource + "/" + object.ns + "/" + object.name;
}

void add(std::string& place, std::string_view part) {
    place.append(std::to_string(part.size())).append(1, ':').append(part);
}

}  // namespace

std::string identityPart(const Alert& alert, std::string_view name) {
    if (auto label = alert.labels.find(name); label != alert.labels.end()) return label->second;
    if (name == "cluster") return alert.cluster;
    if (name == "namespace") return alert.object.ns;
    if (name == "node") return alert.node;
    if (name == "owner") return textOf(alert.owner);
    return name == "object" ? textOf(alert.object) : std::string();
}

void Inhibition::replaceRules(std::shared_ptr<const RuleSet> rules) {
    rules_ = std::move(rules);
    firing_.clear();
    firingOf_.clear();
    places_.clear();
    inhibited_.clear();
    equal_.clear();
    for (const auto& rule : rules_->rules())
        for (const auto& inhibitor : rule.inhibitedBy) {
            inhibited_[inhibitor.alert].insert(rule.name);
            equal_[inhibitor.alert].insert(inhibitor.equal);
        }
}

/// Nothing where the alert has no value for one of the names.
std::optional<std::string> Inhibition::placeOf(std::string_view inhibitor, const Equal& equal, const Alert& alert) {
    std::string place;
    add(place, inhibitor);
    for (const auto& name : equal) {
        auto value = identityPart(alert, name);
        if (value.empty()) return std::nullopt;
        add(place, name);
        add(place, value);
    }
    return place;
}

void Inhibition::fired(const Alert& alert) {
    auto equal = equal_.find(alert.rule);
    if (equal == equal_.end()) return;
    resolved(alert);
    Firing firing{alert, {}};
    for (const auto& names : equal->second)
        if (auto place = placeOf(alert.rule, names, alert)) firing.places.push_back(std::move(*place));
    for (const auto& place : firing.places) places_[place].insert(alert.fingerprint);
    ++firingOf_[alert.rule];
    firing_.insert_or_assign(alert.fingerprint, std::move(firing));
}

void Inhibition::resolved(const Alert& alert) {
    auto known = firing_.find(alert.fingerprint);
    if (known == firing_.end()) return;
    for (const auto& place : known->second.places) {
        auto at = places_.find(place);
        at->second.erase(alert.fingerprint);
        if (at->second.empty()) places_.erase(at);
    }
    --firingOf_[known->second.alert.rule];
    firing_.erase(known);
}

std::optional<const Alert*> Inhibition::inhibitorOf(const Alert& alert) const {
    const auto* rule = rules_->find(alert.rule);
    if (!rule || firing_.empty()) return nullptr;
    const auto* inhibitor = firingAt(*rule, alert);
    if (inhibitor || !nodesMatter(*rule, alert)) return inhibitor;
    auto nodes = nodesOf_(alert);
    if (!nodes) return std::nullopt;
    auto placed = alert;
    for (const auto& node : *nodes) {
        placed.node = node;
        inhibitor = firingAt(*rule, placed);
        if (!inhibitor) break;
    }
    return inhibitor;
}

const Alert* Inhibition::firingAt(const Rule& rule, const Alert& alert) const {
    for (const auto& inhibitor : rule.inhibitedBy) {
        auto place = placeOf(inhibitor.alert, inhibitor.equal, alert);
        if (!place) continue;
        if (auto found = places_.find(*place); found != places_.end())
            return &firing_.find(*found->second.begin())->second.alert;
    }
    return nullptr;
}

/// Looking for Pods is worth it where something fires that may be about their node.
bool Inhibition::nodesMatter(const Rule& rule, const Alert& alert) const {
    if (!nodesOf_ || !identityPart(alert, "node").empty()) return false;
    return std::ranges::any_of(rule.inhibitedBy, [&](const Inhibitor& inhibitor) {
        auto firing = firingOf_.find(inhibitor.alert);
        return firing != firingOf_.end() && firing->second > 0 && std::ranges::count(inhibitor.equal, "node") > 0;
    });
}

const std::set<std::string, std::less<>>& Inhibition::inhibitedBy(std::string_view rule) const {
    static const std::set<std::string, std::less<>> none;
    auto found = inhibited_.find(rule);
    return found == inhibited_.end() ? none : found->second;
}

}  // namespace klaw::rules
