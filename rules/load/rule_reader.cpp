#include "rules/load/rule_reader.hpp"

#include <algorithm>

#include "rules/load/load_rules.hpp"
#include "rules/load/value_readers.hpp"
#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

// clang-format off
constexpr Field<EventSelector> eventFields[] = {
    {"type", [](const YamlCursor& v, EventSelector& s) { s.type = readEventType(v); }},
    {"reason", [](const YamlCursor& v, EventSelector& s) { s.reasons = values(v.texts("reason")); }},
    {"involvedKind", [](const YamlCursor& v, EventSelector& s) { s.involvedKinds = values(v.texts("involvedKind")); }},
};

/// Keys that `defaults` may give and every rule may.
constexpr Field<RuleSpec> commonFields[] = {
    {"severity", [](const YamlCursor& v, RuleSpec& s) { if (auto severity = readSeverity(v)) s.severity = *severity; }},
    {"for", [](const YamlCursor& v, RuleSpec& s) { s.holdFor = readDuration(v, "for"); }},
    {"lookback", [](const YamlCursor& v, RuleSpec& s) { s.lookback = readDuration(v, "lookback"); }},
    {"keep_firing_for", [](const YamlCursor& v, RuleSpec& s) { s.keepFiringFor = readDuration(v, "keep_firing_for"); }},
    {"labels", [](const YamlCursor& v, RuleSpec& s) { readTexts(v, "labels", s.labels); }},
    {"facts", [](const YamlCursor& v, RuleSpec& s) { readTexts(v, "facts", s.facts); }},
    {"runbook", [](const YamlCursor& v, RuleSpec& s) { readLocalized(v, "runbook", s.runbook); }},
    {"enrich", [](const YamlCursor& v, RuleSpec& s) { s.enrich = readEnrichments(v); }},
    {"actions", [](const YamlCursor& v, RuleSpec& s) { s.actions = readActions(v); }},
    {"notify", [](const YamlCursor& v, RuleSpec& s) { s.notify = values(v.texts("notify")); }},
    {"ring", [](const YamlCursor& v, RuleSpec& s) { s.ring = readRing(v); }},
    {"group_by", [](const YamlCursor& v, RuleSpec& s) { s.groupBy = readNames(v, "group_by"); }},
    {"inhibited_by", [](const YamlCursor& v, RuleSpec& s) { s.inhibitedBy = readInhibitors(v); }},
    {"enabled", [](const YamlCursor& v, RuleSpec& s) { s.enabled = v.boolean("enabled").value_or(true); }},
};

constexpr Field<RuleSpec> ownFields[] = {
    {"alert", [](const YamlCursor& v, RuleSpec& s) { s.name = v.text("alert"); }},
    {"group", [](const YamlCursor& v, RuleSpec& s) { s.group = v.text("group").value; }},
    {"override", [](const YamlCursor& v, RuleSpec&) { v.text("override"); }},  // decides what the rule starts from
    {"resource", [](const YamlCursor& v, RuleSpec& s) { s.resources = v.texts("resource"); }},
    {"each", [](const YamlCursor& v, RuleSpec& s) { s.each = v.text("each"); }},
    {"when", [](const YamlCursor& v, RuleSpec& s) { s.when = v.text("when"); }},
    {"since", [](const YamlCursor& v, RuleSpec& s) { s.since = v.text("since"); }},
    {"not_before", [](const YamlCursor& v, RuleSpec& s) { s.notBefore = v.text("not_before"); }},
    {"occurrence", [](const YamlCursor& v, RuleSpec& s) { s.occurrence = v.text("occurrence"); }},
    {"wait_anew", [](const YamlCursor& v, RuleSpec& s) { s.waitAnew = v.text("wait_anew"); }},
    {"event", [](const YamlCursor& v, RuleSpec& s) {
        s.eventAt = v.at();
        decodeFields<EventSelector>(v, "event", eventFields, s.event);
    }},
    {"metric", [](const YamlCursor& v, RuleSpec& s) { s.metric = v.text("metric"); }},
    {"promql", [](const YamlCursor& v, RuleSpec& s) { s.promql = v.text("promql"); }},
    {"threshold", [](const YamlCursor& v, RuleSpec& s) { s.threshold = v.text("threshold"); }},
    {"clear", [](const YamlCursor& v, RuleSpec& s) { s.clear = v.text("clear"); }},
    {"every", [](const YamlCursor& v, RuleSpec& s) { s.every = v.text("every"); }},
    {"absent", [](const YamlCursor& v, RuleSpec& s) { s.absent = v.text("absent"); }},
    {"per", [](const YamlCursor& v, RuleSpec& s) { s.perAt = v.at(); s.per = readScopes(v); }},
    {"title", [](const YamlCursor& v, RuleSpec& s) { readLocalized(v, "title", s.title); }},
    {"description", [](const YamlCursor& v, RuleSpec& s) { readLocalized(v, "description", s.description); }},
};
// clang-format on

std::vector<Field<RuleSpec>> ruleFields() {
    std::vector<Field<RuleSpec>> all(std::begin(ownFields), std::end(ownFields));
    all.insert(all.end(), std::begin(commonFields), std::end(commonFields));
    return all;
}

struct RuleFile {
    std::string group;
    RuleSpec defaults;
    std::optional<YamlCursor> rules;
};

void readEngineVersion(const YamlCursor& value, RuleFile&) {
    auto wanted = value.integer("required_engine_version");
    if (wanted && *wanted > ruleEngineVersion)
        value.error("the file needs version " + std::to_string(*wanted) + " of the rule language, this is version " +
                        std::to_string(ruleEngineVersion),
                    "upgrade Klaw");
}

constexpr Field<RuleFile> fileFields[] = {
    {"group", [](const YamlCursor& v, RuleFile& f) { f.group = v.text("group").value; }},
    {"required_engine_version", readEngineVersion},
    {"defaults",
     [](const YamlCursor& v, RuleFile& f) { decodeFields<RuleSpec>(v, "defaults", commonFields, f.defaults); }},
    {"rules", [](const YamlCursor& v, RuleFile& f) { f.rules = v; }},
};

std::string scalar(const YamlCursor& rule, const char* key) {
    const auto& value = rule.node()[key];
    return value && value.IsScalar() ? value.Scalar() : std::string();
}

/// `override: true` names the rule itself, anything else an earlier one that gets a new name.
std::string overriddenBy(const YamlCursor& rule) {
    auto name = scalar(rule, "override");
    if (name == "true") return scalar(rule, "alert");
    return name == "false" ? std::string() : name;
}

RuleSpec startOf(const YamlCursor& rule, const RuleFile& file, const EarlierRule& earlier) {
    auto start = file.defaults;
    auto name = overriddenBy(rule);
    if (name.empty()) return start;
    if (const auto* known = earlier(name)) {
        start = *known;
        if (start.formerName.empty()) start.formerName = name;
    } else {
        rule.error("there is no earlier rule \"" + name + "\" to override",
                   "leave `override` out to define a new rule");
    }
    start.overrides = name;
    return start;
}

}  // namespace

std::vector<RuleSpec> readRules(const YamlCursor& root, const EarlierRule& earlier) {
    std::vector<RuleSpec> specs;
    RuleFile file;
    if (root.isNull()) {
        // Perhaps somebody is just writing it; the rules that it held must not end for that.
        if (root.at().file->lines.empty()) root.error("the file is empty", "write `rules: []` to have no rules in it");
        return specs;
    }
    decodeFields<RuleFile>(root, "a rule file", fileFields, file);
    if (!file.rules) {
        root.error("the file has no rules", "add a list named \"rules\"");
        return specs;
    }
    static const auto fields = ruleFields();
    for (const auto& rule : file.rules->items("rules")) {
        if (!rule.isMap()) {
            rule.error("rules: expected a map for each rule");
            continue;
        }
        auto spec = startOf(rule, file, earlier);
        spec.at = rule.at();
        spec.group = file.group;
        decodeFields<RuleSpec>(rule, "a rule", fields, spec);
        specs.push_back(std::move(spec));
    }
    return specs;
}

}  // namespace klaw::rules
