#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rules/field_tree.hpp"
#include "rules/rule.hpp"
#include "rules/rule_index.hpp"

namespace klaw::rules {

/// What one rule reads of a resource.
FieldTree fieldsRead(const Rule& rule, std::string_view resource);

/// All rules that run, with what is derived from them. Immutable; shared by engine, grouper and observers.
class RuleSet {
public:
    explicit RuleSet(std::vector<Rule> rules);
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    /// In the order of the files.
    const std::vector<Rule>& rules() const { return rules_; }
    const Rule* find(std::string_view name) const;

    /// What has to be watched, canonical and sorted; "events" among it when there is an event rule.
    const std::vector<std::string>& resources() const { return resources_; }
    /// What the rules, owner inference and alert identity read of a resource. Empty tree when no rule looks at it.
    const FieldTree& fieldsFor(std::string_view resource) const;
    /// Every event rule asks for type Warning, so the watch may be restricted with `type=Warning`.
    bool warningEventsOnly() const { return warningEventsOnly_; }

    /// Index of the rules of a resource; null when no rule looks at it.
    const RuleIndex* indexFor(std::string_view resource) const;
    /// Positions in rules() of the metric rules that read a metric.
    const std::vector<std::size_t>& rulesForMetric(std::string_view metric) const;
    /// Positions in rules() of PromQL rules, and of those about absence.
    const std::vector<std::size_t>& promqlRules() const { return promqlRules_; }
    const std::vector<std::size_t>& absenceRules() const { return absenceRules_; }
    /// Positions in rules() of the resource's rules that read the clock.
    const std::vector<std::size_t>& timedRulesFor(std::string_view resource) const;
    /// Of a rule, of Events or over a metric.
    Duration longestWindow() const;

private:
    struct Resource {
        FieldTree fields;
        RuleIndex index;
        std::vector<std::size_t> timed;
    };
    const Resource* resource(std::string_view name) const;

    std::vector<Rule> rules_;
    std::map<std::string, std::size_t, std::less<>> byName_;
    std::map<std::string, Resource, std::less<>> byResource_;
    std::vector<std::string> resources_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> byMetric_;
    std::vector<std::size_t> promqlRules_;
    std::vector<std::size_t> absenceRules_;
    bool warningEventsOnly_ = true;
};

}  // namespace klaw::rules
