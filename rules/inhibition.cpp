#include "rules/inhibition.hpp"

#include <algorithm>

namespace klaw::rules {
namespace {

std::string textOf(const ObjectRef& object) {
    return object.name.empty() ? std::string() : object.resource + "/" + object.ns + "/" + object.name;
}

bool agree(const Inhibitor& inhibitor, const Alert& quiet, const Alert& loud) {
    return std::ranges::all_of(inhibitor.equal, [&](const std::string& name) {
        auto value = identityPart(quiet, name);
        return !value.empty() && value == identityPart(loud, name);
    });
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
    inhibited_.clear();
    for (const auto& rule : rules_->rules())
        for (const auto& inhibitor : rule.inhibitedBy) inhibited_[inhibitor.alert].insert(rule.name);
}

void Inhibition::fired(const Alert& alert) {
    if (inhibited_.contains(alert.rule)) firing_[alert.rule].insert_or_assign(alert.fingerprint, alert);
}

void Inhibition::resolved(const Alert& alert) {
    if (auto known = firing_.find(alert.rule); known != firing_.end()) known->second.erase(alert.fingerprint);
}

const Alert* Inhibition::inhibitorOf(const Alert& alert) const {
    const auto* rule = rules_->find(alert.rule);
    if (!rule) return nullptr;
    for (const auto& inhibitor : rule->inhibitedBy) {
        auto firing = firing_.find(inhibitor.alert);
        if (firing == firing_.end()) continue;
        for (const auto& [fingerprint, other] : firing->second)
            if (agree(inhibitor, alert, other)) return &other;
    }
    return nullptr;
}

const std::set<std::string, std::less<>>& Inhibition::inhibitedBy(std::string_view rule) const {
    static const std::set<std::string, std::less<>> none;
    auto found = inhibited_.find(rule);
    return found == inhibited_.end() ? none : found->second;
}

}  // namespace klaw::rules
