#include "rules/evaluation.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/digest.hpp"
#include "rules/owner.hpp"
#include "rules/schema/kubernetes_schema.hpp"

namespace klaw::rules {

namespace {

using Types = std::vector<cel::Type>;
const Types metricTypes{cel::Type::map(cel::Kind::String, cel::Kind::String), cel::Kind::String, cel::Kind::Double,
                        cel::Kind::String, cel::Kind::Double};

Types eventTypes() {
    return {objectType("events"), cel::Kind::String, cel::Kind::Int};
}

}  // namespace

cel::Environment ResourceSlots::environment(const cel::Type& object, const std::optional<cel::Type>& item) {
    cel::Environment environment{.variables = {"object", "old", "now", "cluster"},
                                 .types = {object, object, cel::Kind::Timestamp, cel::Kind::String}};
    if (item) {
        environment.variables.emplace_back("item");
        environment.types.push_back(*item);
    }
    return environment;
}

const cel::Environment& MetricSlots::environment(bool withValue) {
    static const cel::Environment plain{.variables = {"labels", "cluster"}, .types = metricTypes};
    static const cel::Environment valued{.variables = {"labels", "cluster", "value", "shown", "latest"},
                                         .types = metricTypes};
    return withValue ? valued : plain;
}

const cel::Environment& AbsenceSlots::environment() {
    static const cel::Environment only{.variables = {"cluster"}, .types = {cel::Kind::String}};
    return only;
}

const cel::Environment& EventSlots::environment(bool withCount) {
    static const cel::Environment plain{.variables = {"event", "cluster"}, .types = eventTypes()};
    static const cel::Environment counted{.variables = {"event", "cluster", "count"}, .types = eventTypes()};
    return withCount ? counted : plain;
}

namespace {

using Kind = cel::EvalError::Kind;

using ResourceBindings = std::array<cel::Value, ResourceSlots::Size>;
using EventBindings = std::array<cel::Value, EventSlots::Size>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// "pod" for a Pod, as kube-state-metrics names it.
void labelObject(const ObjectRef& object, Labels& labels) {
    if (!object.ns.empty()) labels["namespace"] = object.ns;
    auto kind = lower(object.kind.empty() ? object.resource : object.kind);
    if (!kind.empty()) labels[kind] = object.name;
}

void renderShown(const Rule& rule, std::span<const cel::Value> bindings, Alert& draft) {
    draft.title = rule.title.render(bindings);
    if (draft.title == LocalizedText()) {
        draft.title.en = rule.name + ": ";
        if (!draft.object.ns.empty()) draft.title.en += draft.object.ns + "/";
        draft.title.en += draft.object.name;
    }
    draft.description = rule.description.render(bindings);
    draft.runbook = rule.runbook.render(bindings);
    draft.facts.clear();
    for (const auto& [name, text] : rule.facts)
        if (auto value = text.render(bindings); !value.empty()) draft.facts.emplace(name, std::move(value));
}

Alert draftOf(const Rule& rule, std::string_view cluster) {
    Alert draft;
    draft.rule = rule.name;
    draft.cluster = cluster;
    draft.severity = rule.severity;
    draft.actions = rule.actions;
    draft.enrich = rule.enrich;
    draft.notify = rule.notify;
    draft.ring = rule.ring;
    draft.keepPendingFor = rule.holdFor;
    return draft;
}

/// As in Prometheus a label without a value is no label: so a rule takes one away that its alerts would have.
void renderLabels(const Rule& rule, std::span<const cel::Value> bindings, Alert& draft) {
    for (const auto& [name, text] : rule.labels) draft.labels[name] = text.render(bindings);
    std::erase_if(draft.labels, [](const auto& label) { return label.second.empty(); });
    draft.fingerprint = fingerprintOf(draft.rule, draft.cluster, draft.labels);
}

/// Names the element: its `name` or, as conditions have it, `type`; else its key or index.
std::string elementKey(const cel::Value& key, const cel::Value& element) {
    std::string name, type;
    element.forEach([&](const cel::Value& field, const cel::Value& value) {
        if (field.asString() == "name") name = value.asString().value_or("");
        if (field.asString() == "type") type = value.asString().value_or("");
    });
    return !name.empty() ? name : !type.empty() ? type : key.toText();
}

/// A timestamp or its text; nothing where the expression gives neither.
std::optional<TimePoint> timeOf(const std::optional<cel::Program>& program, std::span<const cel::Value> bindings) {
    if (!program) return std::nullopt;
    auto value = program->evaluate(bindings);
    if (!value) return std::nullopt;
    if (auto time = value->asTimestamp()) return time;
    return parseRfc3339(value->asString().value_or(""));
}

/// No clock that runs ahead delays an alert: only `not_before` may lie in the future.
TimePoint beginningOf(const Rule& rule, std::span<const cel::Value> bindings, TimePoint now) {
    auto since = std::min(timeOf(rule.since, bindings).value_or(now), now);
    return std::max(since, timeOf(rule.notBefore, bindings).value_or(since));
}

std::string nodeOf(std::string_view resource, PackedView object) {
    static const auto spec = FieldName::of("spec"), nodeName = FieldName::of("nodeName");
    static const auto metadata = FieldName::of("metadata"), name = FieldName::of("name");
    if (resource == "pods") return std::string(object[spec][nodeName].asString());
    return resource == "nodes" ? std::string(object[metadata][name].asString()) : std::string();
}

/// One evaluation of the condition, for an object or an element of it.
void test(const Rule& rule, const Change& change, const ResourceBindings& bindings, const std::string& element,
          TimePoint now, Evaluation& into) {
    auto value = rule.when->evaluate(bindings);
    if (!value) {
        if (value.error().kind == Kind::Other) into.errors.push_back(rule.when->describe(value.error()));
        return;
    }
    if (!value->isTrue()) {
        if (value->kind() != cel::Kind::Bool)
            into.errors.push_back(rule.when->describe({Kind::Other, "the condition gives no boolean"}));
        return;
    }
    auto draft = draftOf(rule, change.cluster);
    draft.object = refOf(change.cluster, change.resource, change.object);
    draft.owner = ownerOf(change.cluster, change.resource, change.object);
    draft.element = element;
    draft.node = nodeOf(change.resource, change.object);
    labelObject(draft.object, draft.labels);
    if (rule.labelsElement) draft.labels["element"] = element;
    renderLabels(rule, bindings, draft);
    auto same = [&](const Alert& other) { return other.fingerprint == draft.fingerprint; };
    if (std::any_of(into.drafts.begin(), into.drafts.end(), same)) return;
    renderShown(rule, bindings, draft);
    if (rule.occurrence) draft.occurrence = rule.occurrence->render(bindings);
    if (rule.waitAnew) draft.progress = rule.waitAnew->render(bindings);
    draft.activeAt = beginningOf(rule, bindings, now);
    into.drafts.push_back(std::move(draft));
}

void testEach(const Rule& rule, const Change& change, ResourceBindings& bindings, TimePoint now, Evaluation& into) {
    auto list = rule.each->evaluate(bindings);
    if (!list) {
        if (list.error().kind == Kind::Other) into.errors.push_back(rule.each->describe(list.error()));
        return;
    }
    bool isList = list->forEach([&](const cel::Value& key, const cel::Value& element) {
        if (auto packed = element.packedView(); packed && !rule.filter.admitsElement(packed)) return;
        bindings[ResourceSlots::Item] = element;
        test(rule, change, bindings, elementKey(key, element), now, into);
    });
    if (!isList && list->kind() != cel::Kind::Null)
        into.errors.push_back(rule.each->describe({Kind::Other, "`each` gives no list"}));
}

std::string nodeOfEvent(PackedView event) {
    for (auto host : {event["source"]["host"], event["deprecatedSource"]["host"]})
        if (!host.asString().empty()) return std::string(host.asString());
    return {};
}

bool contains(const std::vector<std::string>& accepted, std::string_view value) {
    return accepted.empty() || std::find(accepted.begin(), accepted.end(), value) != accepted.end();
}

/// Labels by which the rule counts, and the object that the alert is about.
void placeEvent(EventScope scope, const ObjectRef& involved, PackedView event, Alert& draft) {
    ObjectRef object;
    object.cluster = draft.cluster;
    switch (scope) {
        case EventScope::InvolvedObject:
            object = involved;
            break;
        case EventScope::Namespace:
            object.resource = "namespaces", object.kind = "Namespace", object.name = involved.ns;
            break;
        case EventScope::Node:
            object.resource = "nodes", object.kind = "Node", object.name = nodeOfEvent(event);
            break;
        case EventScope::Reason:
            draft.labels["reason"] = event["reason"].asString();
            return;
    }
    labelObject(object, draft.labels);
    if (draft.object.resource.empty()) draft.object = std::move(object);
}

}  // namespace

Evaluation evaluate(const Rule& rule, const Change& change, TimePoint now) {
    Evaluation evaluation;
    if (rule.readsOld && !change.old) return evaluation;
    if (!rule.filter.admitsObject(change.object)) return evaluation;
    ResourceBindings bindings{cel::Value::packed(change.object), cel::Value::packed(change.old),
                              cel::Value::timestamp(now), cel::Value::stringView(change.cluster), cel::Value()};
    if (rule.each)
        testEach(rule, change, bindings, now, evaluation);
    else
        test(rule, change, bindings, {}, now, evaluation);
    return evaluation;
}

tl::expected<bool, std::string> selects(const Rule& rule, std::string_view cluster, PackedView event) {
    const auto& wanted = rule.event;
    if (!wanted.type.empty() && event["type"].asString() != wanted.type) return false;
    if (!contains(wanted.reasons, event["reason"].asString())) return false;
    auto involved = event["involvedObject"] ? event["involvedObject"] : event["regarding"];
    if (!contains(wanted.involvedKinds, involved["kind"].asString())) return false;
    if (!rule.when) return true;
    EventBindings bindings{cel::Value::packed(event), cel::Value::stringView(cluster), cel::Value()};
    auto value = rule.when->evaluate(bindings);
    if (value) return value->isTrue();
    if (value.error().kind == Kind::NoSuchField) return false;
    return tl::unexpected(rule.when->describe(value.error()));
}

Alert draftOfEvent(const Rule& rule, std::string_view cluster, PackedView event, PackedView involved, TimePoint now) {
    auto draft = draftOf(rule, cluster);
    auto about = involvedObject(cluster, event);
    for (auto scope : rule.per) placeEvent(scope, about, event, draft);
    draft.node = about.resource == "nodes" ? about.name : nodeOfEvent(event);
    draft.owner = draft.object;
    if (involved && draft.object == about) draft.owner = ownerOf(cluster, about.resource, involved);
    EventBindings bindings{cel::Value::packed(event), cel::Value::stringView(cluster), cel::Value()};
    renderLabels(rule, bindings, draft);
    draft.activeAt = now;
    return draft;
}

void renderEvent(const Rule& rule, PackedView event, std::uint64_t count, Alert& draft) {
    draft.count = count;
    EventBindings bindings{cel::Value::packed(event), cel::Value::stringView(draft.cluster),
                           cel::Value::integer(static_cast<std::int64_t>(count))};
    renderShown(rule, bindings, draft);
}

namespace {

cel::Value labelsValue(const Labels& labels) {
    cel::Value::Entries entries;
    for (const auto& [name, value] : labels)
        entries.emplace_back(cel::Value::stringView(name), cel::Value::stringView(value));
    return cel::Value::map(std::move(entries));
}

}  // namespace

Alert draftOfSample(const Rule& rule, std::string_view cluster, const Sample& sample, TimePoint now) {
    auto draft = draftOf(rule, cluster);
    draft.object = sample.object;
    draft.object.cluster = cluster;
    draft.owner = sample.owner.name.empty() ? draft.object : sample.owner;
    draft.labels = sample.labels;
    if (draft.object.resource == "nodes") draft.node = draft.object.name;
    std::array bindings{labelsValue(sample.labels), cel::Value::stringView(cluster)};
    renderLabels(rule, bindings, draft);
    draft.activeAt = now;
    return draft;
}

namespace {

/// `shown` outlives the bindings.
std::array<cel::Value, MetricSlots::Size> bindingsOf(std::string_view cluster, const Sample& sample, double value,
                                                     std::string_view shown) {
    return {labelsValue(sample.labels), cel::Value::stringView(cluster), cel::Value::number(value),
            cel::Value::stringView(shown), cel::Value::number(sample.value)};
}

}  // namespace

bool admitsSample(const Rule& rule, std::string_view cluster, const Sample& sample, double value) {
    if (!rule.when) return true;
    auto shown = formatValue(value, rule.bound.unit);
    auto admitted = rule.when->evaluate(bindingsOf(cluster, sample, value, shown));
    return admitted && admitted->isTrue();
}

void renderSample(const Rule& rule, const Sample& sample, double value, Alert& draft) {
    auto shown = formatValue(value, rule.bound.unit);
    renderShown(rule, bindingsOf(draft.cluster, sample, value, shown), draft);
    draft.facts.emplace("value", shown);
}

Alert draftOfAbsence(const Rule& rule, std::string_view cluster, TimePoint since) {
    auto draft = draftOf(rule, cluster);
    draft.object.cluster = cluster;
    for (const auto& matcher : rule.series.matchers)
        if (matcher.kind == Matcher::Kind::Equal) draft.labels[matcher.label] = matcher.value;
    std::array bindings{cel::Value::stringView(cluster)};
    renderLabels(rule, bindings, draft);
    renderShown(rule, bindings, draft);
    draft.activeAt = since;
    return draft;
}

std::string fingerprintOf(std::string_view rule, std::string_view cluster, const Labels& labels) {
    std::string text;
    auto add = [&](std::string_view part) { text.append(std::to_string(part.size())).append(1, ':').append(part); };
    add(rule);
    add(cluster);
    for (const auto& [name, value] : labels) {
        add(name);
        add(value);
    }
    return sha256Hex(text).substr(0, 32);
}

}  // namespace klaw::rules
