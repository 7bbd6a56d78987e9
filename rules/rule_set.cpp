#include "rules/rule_set.hpp"

#include <algorithm>

#include "rules/incident_context.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/resource_names.hpp"

namespace klaw::rules {
namespace {

/// What identity, owner inference and the context of incidents read of every object.
void addIdentity(std::string_view resource, FieldTree& tree) {
    for (auto path : {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.ownerReferences[].apiVersion",
                      "metadata.ownerReferences[].kind", "metadata.ownerReferences[].name",
                      "metadata.ownerReferences[].uid", "metadata.ownerReferences[].controller"})
        tree.add(path);
    if (resource == "pods") tree.add("spec.nodeName");
    if (resource == "pods" || resource == "replicasets.apps") tree.add("metadata.labels.pod-template-hash");
    if (isWorkload(resource))
        for (auto path : {"metadata.generation", "metadata.managedFields[].manager", "metadata.managedFields[].time",
                          "metadata.managedFields[].subresource", "spec.replicas",
                          "spec.template.spec.containers[].name", "spec.template.spec.containers[].image"})
            tree.add(path);
    if (kindOfResource(resource).empty()) tree.add("kind");
}

/// What counting and selecting read of an Event, in the old and the new API.
void addEventFields(FieldTree& tree) {
    for (auto path : {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.creationTimestamp", "type",
                      "reason", "count", "series.count", "series.lastObservedTime", "firstTimestamp", "lastTimestamp",
                      "eventTime", "deprecatedCount", "deprecatedFirstTimestamp", "deprecatedLastTimestamp",
                      "source.host", "deprecatedSource.host"})
        tree.add(path);
    for (std::string involved : {"involvedObject", "regarding"})
        for (auto field : {".kind", ".apiVersion", ".namespace", ".name", ".uid"}) tree.add(involved + field);
}

template <class Visit>
void forEachTemplate(const Rule& rule, Visit visit) {
    for (const auto& [name, text] : rule.labels) visit(text);
    for (const auto& [name, text] : rule.facts) visit(text);
    for (const auto* texts : {&rule.title, &rule.description, &rule.runbook}) {
        visit(texts->en);
        visit(texts->zh);
    }
    if (rule.occurrence) visit(*rule.occurrence);
    if (rule.waitAnew) visit(*rule.waitAnew);
}

FieldTree fieldsOf(const Rule& rule, std::string_view variable) {
    FieldTree tree;
    for (const auto* program : {&rule.when, &rule.since, &rule.notBefore})
        if (*program) tree.merge((*program)->fieldsOf(variable));
    forEachTemplate(rule, [&](const cel::Template& text) { tree.merge(text.fieldsOf(variable)); });
    return tree;
}

/// Elements of a plain list are kept as far as they are read; a computed list is kept whole.
void addEachFields(const Rule& rule, FieldTree& tree) {
    if (!rule.each) return;
    if (rule.eachPath.empty()) {
        tree.merge(rule.each->fieldsOf("object"));
        return;
    }
    FieldTree* node = &tree;
    for (const auto& segment : rule.eachPath) node = &node->fields[segment];
    if (!node->elements) node->elements = std::make_unique<FieldTree>();
    node->elements->merge(fieldsOf(rule, "item"));
    node->elements->fields["name"].whole = true;
    if (rule.eachPath.back() == "conditions") node->elements->fields["type"].whole = true;
}

void addFields(const Rule& rule, std::string_view resource, FieldTree& tree) {
    if (rule.kind == Rule::Kind::Event) {
        addEventFields(tree);
        tree.merge(fieldsOf(rule, "event"));
        return;
    }
    addIdentity(resource, tree);
    if (rule.kind == Rule::Kind::Metric) {
        tree.merge(fieldsForMetrics(resource));
        return;
    }
    tree.merge(fieldsOf(rule, "object"));
    tree.merge(fieldsOf(rule, "old"));
    addEachFields(rule, tree);
    if (resource == "horizontalpodautoscalers.autoscaling") tree.add("spec.scaleTargetRef");
}

/// Whether UnavailablePods is asked about objects of the resource.
bool asksForPods(const Rule& rule, std::string_view resource) {
    bool counts = isWorkload(resource) || resource == "horizontalpodautoscalers.autoscaling";
    return counts && std::ranges::any_of(rule.inhibitedBy, [](const Inhibitor& inhibitor) {
               return std::ranges::find(inhibitor.equal, "node") != inhibitor.equal.end();
           });
}

/// What UnavailablePods reads.
void addAvailability(FieldTree& pods) {
    for (auto path :
         {"metadata.deletionTimestamp", "status.phase", "status.conditions[].type", "status.conditions[].status"})
        pods.add(path);
}

}  // namespace

FieldTree fieldsRead(const Rule& rule, std::string_view resource) {
    FieldTree tree;
    addFields(rule, resource, tree);
    return tree;
}

RuleSet::RuleSet(std::vector<Rule> rules) : rules_(std::move(rules)) {
    bool podsAskedFor = false;
    for (std::size_t position = 0; position < rules_.size(); ++position) {
        const auto& rule = rules_[position];
        byName_.emplace(rule.name, position);
        for (const auto& name : rule.resources) {
            auto& resource = byResource_[name];
            addFields(rule, name, resource.fields);
            podsAskedFor = podsAskedFor || asksForPods(rule, name);
            if (rule.kind != Rule::Kind::Metric) resource.index.add(rule, position);
            if (rule.readsNow) resource.timed.push_back(position);
        }
        if (rule.kind == Rule::Kind::Metric) byMetric_[rule.series.metric].push_back(position);
        if (rule.kind == Rule::Kind::Promql) promqlRules_.push_back(position);
        if (rule.absent) absenceRules_.push_back(position);
        if (rule.kind == Rule::Kind::Event && rule.event.type != "Warning") warningEventsOnly_ = false;
    }
    if (auto pods = byResource_.find("pods"); podsAskedFor && pods != byResource_.end())
        addAvailability(pods->second.fields);
    for (const auto& [name, resource] : byResource_) resources_.push_back(name);
}

const Rule* RuleSet::find(std::string_view name) const {
    auto found = byName_.find(name);
    return found == byName_.end() ? nullptr : &rules_[found->second];
}

const RuleSet::Resource* RuleSet::resource(std::string_view name) const {
    auto found = byResource_.find(name);
    return found == byResource_.end() ? nullptr : &found->second;
}

const FieldTree& RuleSet::fieldsFor(std::string_view name) const {
    static const FieldTree nothing;
    const auto* found = resource(name);
    return found ? found->fields : nothing;
}

const RuleIndex* RuleSet::indexFor(std::string_view name) const {
    const auto* found = resource(name);
    return found ? &found->index : nullptr;
}

const std::vector<std::size_t>& RuleSet::rulesForMetric(std::string_view metric) const {
    static const std::vector<std::size_t> none;
    auto found = byMetric_.find(metric);
    return found == byMetric_.end() ? none : found->second;
}

const std::vector<std::size_t>& RuleSet::timedRulesFor(std::string_view name) const {
    static const std::vector<std::size_t> none;
    const auto* found = resource(name);
    return found ? found->timed : none;
}

Duration RuleSet::longestWindow() const {
    Duration longest{};
    for (const auto& rule : rules_)
        longest = std::max({longest, rule.series.window, rule.followsWindow() ? rule.threshold.window : Duration{}});
    return longest;
}

}  // namespace klaw::rules
