#include "rules/load/rule_compiler.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "rules/load/value_readers.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/resource_names.hpp"
#include "rules/schema/kubernetes_schema.hpp"
#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

bool isIdentifier(std::string_view text) {
    return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

/// {"status", "containerStatuses"} of "object.status.containerStatuses"; empty for anything more than field names.
std::vector<std::string> plainPath(std::string_view expression) {
    std::vector<std::string> path;
    for (bool first = true; !expression.empty(); first = false) {
        auto dot = expression.find('.');
        auto segment = expression.substr(0, dot);
        expression = dot == std::string_view::npos ? std::string_view() : expression.substr(dot + 1);
        if (!isIdentifier(segment) || (first && segment != "object")) return {};
        if (!first) path.emplace_back(segment);
    }
    return path;
}

/// Compiles one spec; each step adds to the rule or reports.
class Compiler {
public:
    Compiler(const RuleSpec& spec, Problems& problems) : spec_(spec), problems_(problems) {}

    std::optional<Rule> compile() {
        auto before = problems_.errorCount();
        identity();
        kind();
        switch (rule_.kind) {
            case Rule::Kind::Event:
                event();
                break;
            case Rule::Kind::Metric:
            case Rule::Kind::Promql:
                metric();
                break;
            case Rule::Kind::Resource:
                resource();
                break;
        }
        labels();
        texts();
        if (problems_.errorCount() != before) return std::nullopt;
        return std::move(rule_);
    }

private:
    void error(const Place& at, std::string message, std::string remedy = {}) {
        problems_.error(at, std::move(message), std::move(remedy));
    }

    void identity() {
        if (spec_.name.value.empty())
            error(spec_.at, "the rule has no name", "add \"alert: SomeName\"");
        else if (!isIdentifier(spec_.name.value))
            error(spec_.name.at, "alert: \"" + spec_.name.value + "\" is no name", "use letters, digits and _");
        rule_.name = spec_.name.value;
        rule_.formerName = spec_.formerName.empty() ? spec_.name.value : spec_.formerName;
        rule_.group = spec_.group;
        rule_.source = spec_.at.file->name + ":" + std::to_string(spec_.at.line);
        rule_.severity = spec_.severity;
        rule_.holdFor = spec_.holdFor;
        rule_.lookback = spec_.lookback;
        rule_.keepFiringFor = spec_.keepFiringFor;
        rule_.enrich = spec_.enrich;
        rule_.actions = spec_.actions;
        rule_.notify = spec_.notify;
        rule_.ring = spec_.ring;
        rule_.groupBy = spec_.groupBy;
        rule_.inhibitedBy = spec_.inhibitedBy;
        for (const auto& inhibitor : rule_.inhibitedBy)
            if (inhibitor.alert == rule_.name) error(spec_.at, "inhibited_by: a rule cannot inhibit itself");
    }

    /// What the rule is about, and that it is about one thing only.
    void kind() {
        const Place* event = spec_.eventAt ? &*spec_.eventAt : nullptr;
        const Place* metric = spec_.metric ? &spec_.metric->at : nullptr;
        const Place* promql = spec_.promql ? &spec_.promql->at : nullptr;
        const Place* resource = spec_.resources.empty() ? nullptr : &spec_.resources.front().at;
        int subjects = 0;
        for (const auto* place : {resource, event, metric, promql}) {
            if (!place) continue;
            if (++subjects == 2)
                error(*place, "a rule is about one thing: `resource`, `event`, `metric` or `promql`",
                      "make two rules of it");
        }
        rule_.kind = event    ? Rule::Kind::Event
                     : metric ? Rule::Kind::Metric
                     : promql ? Rule::Kind::Promql
                              : Rule::Kind::Resource;
    }

    /// Reports keys that say nothing in a rule of this kind.
    void refuse(std::initializer_list<const std::optional<Text>*> texts, const std::string& message) {
        for (const auto* text : texts)
            if (*text) error((*text)->at, message);
    }

    void refuseKeysOfResources() {
        refuse({&spec_.each, &spec_.since, &spec_.occurrence},
               "`each`, `since` and `occurrence` are for rules about a resource");
        refuse({&spec_.notBefore, &spec_.waitAnew}, "`not_before` and `wait_anew` are for rules about a resource");
    }

    std::optional<Duration> duration(const std::optional<Text>& written, std::string_view key) {
        if (!written) return std::nullopt;
        auto value = parseDuration(written->value);
        if (value && *value > Duration{}) return value;
        error(written->at, std::string(key) + ": \"" + written->value + "\" is no duration",
              "write for example 30s, 10m or 26h");
        return std::nullopt;
    }

    void event() {
        rule_.resources = {"events"};
        rule_.event = spec_.event;
        rule_.per = spec_.per.empty() ? std::vector{EventScope::InvolvedObject} : spec_.per;
        refuseKeysOfResources();
        refuse({&spec_.clear, &spec_.every}, "`clear` and `every` are for rules about metrics");
        rule_.absent = duration(spec_.absent, "absent");
        if (rule_.absent && spec_.threshold)
            error(spec_.threshold->at, "a rule has a threshold or looks for absence, not both");
        if (rule_.absent && spec_.perAt)
            error(*spec_.perAt, "what never came cannot be told apart: `absent` has no `per`");
        if (spec_.threshold) window(*spec_.threshold);
        if (spec_.when) rule_.when = program(*spec_.when, EventSlots::environment(false), cel::Kind::Bool);
        if (spec_.event.reasons.empty() && !spec_.when)
            problems_.warning(*spec_.eventAt, "the rule counts events of every reason",
                              "name the reasons, or add `when`");
    }

    /// How many occurrences within how long.
    void window(const Text& written) {
        auto threshold = parseThreshold(written.value);
        if (threshold) rule_.threshold = *threshold;
        if (threshold && threshold->window > maxWindow)
            error(written.at, "threshold: a window has at most " + formatDuration(maxWindow));
        if (!threshold)
            error(written.at, "threshold: cannot read \"" + written.value + "\"",
                  "write for example \">= 3 in 10m\"; up to " + std::to_string(maxThreshold) + " occurrences");
    }

    void metric() {
        refuseKeysOfResources();
        if (spec_.when) rule_.when = program(*spec_.when, MetricSlots::environment(true), cel::Kind::Bool);
        if (spec_.perAt) error(*spec_.perAt, "`per` is for rules about events");
        rule_.absent = duration(spec_.absent, "absent");
        if (rule_.kind == Rule::Kind::Metric) {
            series();
        } else {
            rule_.promql = spec_.promql->value;
            if (spec_.absent)
                error(spec_.absent->at, "`absent` is for metrics and events", "write absent(…) in PromQL");
            if (auto every = duration(spec_.every, "every")) rule_.every = *every;
        }
        if (rule_.absent) {
            refuse({&spec_.when}, "`absent` looks at no value, so it has no `when`");
            refuse({&spec_.threshold, &spec_.clear}, "a rule has a threshold or looks for absence, not both");
            return;
        }
        if (auto bound = comparison(spec_.threshold, "threshold"))
            rule_.bound = *bound;
        else if (!spec_.threshold)
            error(spec_.at, "the rule has no threshold", "add for example \"threshold: > 90%\"");
        rule_.clear = comparison(spec_.clear, "clear");
        if (rule_.clear && rule_.clear->holds(rule_.bound.bound) && rule_.bound.holds(rule_.bound.bound))
            error(spec_.clear->at, "clear: a value could meet `threshold` and `clear` at once");
    }

    void series() {
        refuse({&spec_.every}, "`every` is for PromQL; metrics come as often as their source is asked");
        auto selector = parseSeriesSelector(spec_.metric->value);
        if (selector)
            watchMeasured(std::move(*selector));
        else
            error(spec_.metric->at, "metric: " + selector.error().message, selector.error().remedy);
    }

    void watchMeasured(SeriesSelector selector) {
        rule_.series = std::move(selector);
        rule_.resources = resourcesForMetric(rule_.series.metric);
    }

    std::optional<Comparison> comparison(const std::optional<Text>& written, std::string_view key) {
        if (!written) return std::nullopt;
        auto parsed = parseComparison(written->value);
        if (!parsed)
            error(written->at, std::string(key) + ": cannot read \"" + written->value + "\"",
                  "write for example \"> 90%\", \"< 1.5Gi\" or \">= 3\"");
        return parsed;
    }

    void resource() {
        refuse({&spec_.absent}, "`absent` is for rules about events and metrics");
        refuse({&spec_.clear, &spec_.every}, "`clear` and `every` are for rules about metrics");
        if (spec_.perAt) error(*spec_.perAt, "`per` is for rules about events");
        if (spec_.resources.empty()) {
            error(spec_.at, "the rule says neither `resource`, `event`, `metric` nor `promql`",
                  "add for example \"resource: pods\"");
            return;
        }
        for (const auto& name : spec_.resources) resourceName(name);
        auto object = objectTypeOfAny(rule_.resources);
        resourceEnvironment_ = ResourceSlots::environment(object, std::nullopt);
        if (spec_.each) resourceEnvironment_ = ResourceSlots::environment(object, each(*spec_.each));
        if (!spec_.when)
            error(spec_.at, "the rule has no condition", "add `when`");
        else
            rule_.when = program(*spec_.when, environment(), cel::Kind::Bool);
        if (rule_.when) rule_.filter = ConditionFilter(*rule_.when);
        if (spec_.since) rule_.since = program(*spec_.since, environment());
        if (spec_.notBefore) rule_.notBefore = program(*spec_.notBefore, environment());
        occurrence();
        waitAnew();
        clocks();
    }

    /// What `item` is.
    cel::Type each(const Text& written) {
        rule_.each = program(written, resourceEnvironment_);
        rule_.eachPath = plainPath(written.value);
        if (!rule_.each) return {};
        const auto& elements = rule_.each->type();
        if (elements.is(cel::Kind::List) || elements.is(cel::Kind::Map)) return elements.of.back();
        if (elements.form == cel::Type::Form::Known)
            error(written.at, "each: expected a list, but found '" + elements.text() + "'");
        return {};
    }

    void resourceName(const Text& written) {
        auto canonical = canonicalResource(written.value);
        if (!canonical)
            error(written.at, "resource: unknown resource \"" + written.value + "\"",
                  didYouMean(nearestResource(written.value), "write a custom resource as plural.group"));
        else if (*canonical == "events")
            error(written.at, "resource: Events are counted, not looked at as objects",
                  "use `event:` with a threshold");
        else
            rule_.resources.push_back(*canonical);
    }

    void occurrence() {
        if (spec_.threshold) window(*spec_.threshold);
        if (spec_.threshold && !spec_.occurrence)
            error(spec_.threshold->at, "`threshold` of a resource needs `occurrence`: what is counted",
                  "add for example \"occurrence: ${item.restartCount}\"");
        if (!spec_.occurrence) return;
        rule_.occurrence = text(*spec_.occurrence, environment());
        rule_.countsOccurrences = spec_.threshold.has_value();
        if (spec_.keepFiringFor == Duration{} && !spec_.threshold)
            error(spec_.occurrence->at, "`occurrence` needs `keep_firing_for`, or the alert would never end",
                  "add for example \"keep_firing_for: 10m\"");
    }

    void waitAnew() {
        if (!spec_.waitAnew) return;
        rule_.waitAnew = text(*spec_.waitAnew, environment());
        if (spec_.holdFor == Duration{})
            error(spec_.waitAnew->at, "`wait_anew` needs `for`: without it nothing waits",
                  "add for example \"for: 15m\"");
        if (rule_.waitAnew && rule_.waitAnew->reads("now"))
            error(spec_.waitAnew->at, "`wait_anew` cannot read `now`: the wait would never end");
    }

    /// What a rule may read of time and of the past.
    void clocks() {
        auto reads = [&](std::string_view variable) {
            return (rule_.when && rule_.when->reads(variable)) || (rule_.each && rule_.each->reads(variable));
        };
        rule_.readsNow = reads("now");
        rule_.readsOld = reads("old");
        if (rule_.readsNow && rule_.readsOld)
            error(spec_.when->at, "a condition cannot read both `now` and `old`",
                  "`old` is known only while an object changes, `now` is looked at by timer");
    }

    void labels() {
        static constexpr std::array<std::string_view, 3> reserved{"rule", "cluster", "severity"};
        rule_.labelsElement = rule_.each.has_value();
        for (const auto& [name, value] : spec_.labels) {
            if (!isIdentifier(name))
                error(value.at, "labels: \"" + name + "\" is no label name", "use letters, digits and _");
            if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
                error(value.at, "labels: \"" + name + "\" is set by Klaw", "choose another name");
            auto compiled = text(value, environment());
            if (!compiled) continue;
            for (std::string_view variable : {"now", "old"})
                if (compiled->reads(variable))
                    error(value.at, "labels: a label cannot read `" + std::string(variable) + "`",
                          "labels are the alert's identity and must not change; use `facts`");
            if (compiled->reads("item")) rule_.labelsElement = false;
            rule_.labels.emplace_back(name, std::move(*compiled));
        }
    }

    void texts() {
        localized(spec_.title, rule_.title);
        localized(spec_.description, rule_.description);
        localized(spec_.runbook, rule_.runbook);
        for (const auto& [name, value] : spec_.facts)
            if (auto compiled = shown(value)) rule_.facts.emplace_back(name, std::move(*compiled));
        if (!spec_.title.en && !spec_.title.zh)
            problems_.warning(spec_.at, "the rule has no title", "cards will show the rule's and the object's name");
    }

    void localized(const LocalizedSpec& spec, LocalizedTemplate& into) {
        if (spec.en)
            if (auto compiled = shown(*spec.en)) into.en = std::move(*compiled);
        if (spec.zh)
            if (auto compiled = shown(*spec.zh)) into.zh = std::move(*compiled);
    }

    /// A text of the card: must not change unless the object does.
    std::optional<cel::Template> shown(const Text& value) {
        auto compiled = text(value, shownEnvironment());
        if (!compiled) return std::nullopt;
        if (compiled->reads("now"))
            error(value.at, "a text cannot read `now`: the card would change all the time",
                  "cards show by themselves since when");
        if (compiled->reads("old") && !rule_.readsOld)
            error(value.at, "only a rule whose condition reads `old` can show it");
        return compiled;
    }

    /// What labels and conditions may read.
    const cel::Environment& environment() const {
        if (rule_.absent) return AbsenceSlots::environment();
        switch (rule_.kind) {
            case Rule::Kind::Event:
                return EventSlots::environment(false);
            case Rule::Kind::Metric:
            case Rule::Kind::Promql:
                return MetricSlots::environment(false);
            case Rule::Kind::Resource:
                break;
        }
        return resourceEnvironment_;
    }

    /// What texts for people may read beside.
    const cel::Environment& shownEnvironment() const {
        if (rule_.absent) return AbsenceSlots::environment();
        if (rule_.kind == Rule::Kind::Event) return EventSlots::environment(true);
        if (rule_.kind == Rule::Kind::Resource) return environment();
        return MetricSlots::environment(true);
    }

    std::optional<cel::Program> program(const Text& source, const cel::Environment& environment,
                                        const std::optional<cel::Type>& wanted = std::nullopt) {
        auto compiled = cel::Program::compile(source.value, environment, wanted);
        if (!compiled) {
            report(source, compiled.error());
            return std::nullopt;
        }
        auto first = source.inside(1, 1), second = source.inside(2, 1);
        compiled->setPlace(
            {first.file ? first.file->name : "", {first.line, first.column}, {second.line, second.column}});
        return std::move(*compiled);
    }

    std::optional<cel::Template> text(const Text& source, const cel::Environment& environment) {
        auto compiled = cel::Template::compile(source.value, environment);
        if (compiled) return std::move(*compiled);
        report(source, compiled.error());
        return std::nullopt;
    }

    /// An expression's error, whose place counts within the expression.
    void report(const Text& source, const Error& problem) {
        int line = 1, column = 1;
        const auto& place = problem.place;
        auto colon = place.find(':');
        if (colon != std::string::npos) {
            std::from_chars(place.data(), place.data() + colon, line);
            std::from_chars(place.data() + colon + 1, place.data() + place.size(), column);
        }
        error(source.inside(line, column), problem.message, problem.remedy);
    }

    const RuleSpec& spec_;
    Problems& problems_;
    Rule rule_;
    cel::Environment resourceEnvironment_;  ///< of a rule about resources
};

}  // namespace

std::optional<Rule> compileRule(const RuleSpec& spec, Problems& problems) {
    return Compiler(spec, problems).compile();
}

}  // namespace klaw::rules
