#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "rules/rule_set.hpp"

namespace klaw::rules {

/// Which firing alerts keep which others quiet, by `inhibited_by` of the rules.
class Inhibition {
public:
    explicit Inhibition(std::shared_ptr<const RuleSet> rules) { replaceRules(std::move(rules)); }
    /// The firing alerts have to be told again.
    void replaceRules(std::shared_ptr<const RuleSet> rules);

    void fired(const Alert& alert);
    void resolved(const Alert& alert);
    /// The firing alert that keeps this one quiet; null when none does.
    const Alert* inhibitorOf(const Alert& alert) const;
    /// Names of the rules whose alerts this rule's alerts keep quiet.
    const std::set<std::string, std::less<>>& inhibitedBy(std::string_view rule) const;

private:
    std::shared_ptr<const RuleSet> rules_;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> inhibited_;  ///< inhibitor → rules
    std::map<std::string, std::map<std::string, Alert>, std::less<>> firing_;           ///< inhibitor → fingerprint
};

/// What an alert has under a name of `equal`: "cluster", "namespace", "node", "owner", "object" or a label. Empty where
/// it has nothing of the kind; two empty values are not equal.
std::string identityPart(const Alert& alert, std::string_view name);

}  // namespace klaw::rules
