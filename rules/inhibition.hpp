#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/rule_set.hpp"

namespace klaw::rules {

/// Which firing alerts keep which others quiet, by `inhibited_by` of the rules.
class Inhibition {
public:
    explicit Inhibition(std::shared_ptr<const RuleSet> rules) { replaceRules(std::move(rules)); }

    /// Says on which nodes the Pods are that keep what an alert is about from being well; nullopt: not known yet. For
    /// alerts that have no node of their own. Once, first.
    using NodesOf = std::function<std::optional<std::set<std::string>>(const Alert&)>;
    void setNodes(NodesOf nodesOf) { nodesOf_ = std::move(nodesOf); }

    /// The firing alerts have to be told again.
    void replaceRules(std::shared_ptr<const RuleSet> rules);

    void fired(const Alert& alert);
    void resolved(const Alert& alert);
    /// The firing alert that keeps this one quiet; null when none does, nullopt when that cannot be told yet. What has
    /// no node of its own is kept quiet by alerts about nodes where they fire about each of its nodes.
    std::optional<const Alert*> inhibitorOf(const Alert& alert) const;
    /// Names of the rules whose alerts this rule's alerts keep quiet.
    const std::set<std::string, std::less<>>& inhibitedBy(std::string_view rule) const;

private:
    std::shared_ptr<const RuleSet> rules_;
    NodesOf nodesOf_;
    using Equal = std::vector<std::string>;
    struct Firing {
        Alert alert;
        std::vector<std::string> places;
    };
    const Alert* firingAt(const Rule& rule, const Alert& alert) const;
    bool nodesMatter(const Rule& rule, const Alert& alert) const;
    static std::optional<std::string> placeOf(std::string_view inhibitor, const Equal& equal, const Alert& alert);

    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> inhibited_;  ///< inhibitor → rules
    std::map<std::string, std::set<Equal>, std::less<>> equal_;                         ///< inhibitor → what must agree
    std::map<std::string, std::size_t, std::less<>> firingOf_;                          ///< inhibiting rule → alerts
    std::unordered_map<std::string, Firing> firing_;                                    ///< inhibiting, by fingerprint
    /// Inhibitor and the values that must agree → fingerprints. Thousands may fire: nobody looks through all of them.
    std::unordered_map<std::string, std::set<std::string>> places_;
};

/// What an alert has under a name of `equal`: "cluster", "namespace", "node", "owner", "object" or a label. Empty where
/// it has nothing of the kind; two empty values are not equal.
std::string identityPart(const Alert& alert, std::string_view name);

}  // namespace klaw::rules
