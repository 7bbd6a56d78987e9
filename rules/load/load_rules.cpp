#include "rules/load/load_rules.hpp"

#include <algorithm>
#include <map>

#include "rules/load/rule_compiler.hpp"
#include "rules/load/rule_reader.hpp"
#include "rules/load/rule_writer.hpp"
#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

struct Loaded {
    RuleSpec spec;
    Rule rule;
};

void take(std::vector<Error>& into, std::vector<Error>& from) {
    into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Joins the files one after the other.
class Collector {
public:
    void add(const RuleSource& source, LoadReport& report) {
        Problems problems;
        auto file = std::make_shared<SourceFile>(source.name, source.text);
        std::vector<Loaded> loaded;
        if (auto root = YamlCursor::parse(file, source.text, problems)) {
            auto earlier = [&](const std::string& name) { return specOf(name); };
            for (auto& spec : readRules(*root, earlier)) {
                if (source.replaces) replace(spec);
                compile(std::move(spec), problems, loaded);
            }
        }
        if (problems.errorCount() == 0) join(std::move(loaded));
        take(report.errors, problems.errors());
        take(report.warnings, problems.warnings());
    }

    void giveTo(LoadReport& report) && {
        std::vector<Rule> running, disabled;
        followRenamed();
        reportUnknownInhibitors(report.warnings);
        for (auto& [spec, rule] : all_) (spec.enabled ? running : disabled).push_back(std::move(rule));
        report.rules = std::make_shared<const RuleSet>(std::move(running));
        report.disabled = std::make_shared<const RuleSet>(std::move(disabled));
    }

private:
    void compile(RuleSpec spec, Problems& problems, std::vector<Loaded>& into) {
        auto same = [&](const Loaded& other) {
            bool sameRule = !spec.overrides.empty() && other.spec.overrides == spec.overrides;
            return sameRule || other.spec.name.value == spec.name.value;
        };
        auto twice = std::find_if(into.begin(), into.end(), same);
        if (twice != into.end())
            reportTwice(spec, twice->spec, problems);
        else if (const auto* earlier = specOf(spec.name.value); earlier && spec.overrides != spec.name.value)
            reportTwice(spec, *earlier, problems);
        auto rule = compileRule(spec, problems);
        if (!rule) return;
        rule->text = writeRule(spec);
        into.push_back({std::move(spec), std::move(*rule)});
    }

    void replace(RuleSpec& spec) const {
        const auto* earlier = specOf(spec.name.value);
        if (!earlier || !spec.overrides.empty()) return;
        spec.overrides = spec.name.value;
        spec.formerName = earlier->formerName;
    }

    static void reportTwice(const RuleSpec& spec, const RuleSpec& first, Problems& problems) {
        problems.error(spec.name.at,
                       "the rule \"" + spec.name.value + "\" is already defined at " + first.at.describe(),
                       "choose another name, or write `override: true` to change a rule of an earlier file");
    }

    const RuleSpec* specOf(const std::string& name) const {
        auto found = std::find_if(all_.begin(), all_.end(),
                                  [&](const Loaded& loaded) { return loaded.spec.name.value == name; });
        return found == all_.end() ? nullptr : &found->spec;
    }

    /// Rules that are inhibited by one with a new name go on being.
    void followRenamed() {
        std::map<std::string, std::string> names;
        for (const auto& one : all_)
            if (!one.spec.formerName.empty()) names.emplace(one.spec.formerName, one.spec.name.value);
        for (auto& one : all_)
            for (auto& inhibitor : one.rule.inhibitedBy)
                if (auto renamed = names.find(inhibitor.alert); renamed != names.end())
                    inhibitor.alert = renamed->second;
    }

    /// They may be alerts that an Alertmanager sends, so it is no error.
    void reportUnknownInhibitors(std::vector<Error>& warnings) const {
        std::vector<std::string_view> names;
        for (const auto& one : all_) names.push_back(one.rule.name);
        for (const auto& one : all_)
            for (const auto& inhibitor : one.rule.inhibitedBy) {
                if (std::ranges::find(names, inhibitor.alert) != names.end()) continue;
                auto near = nearest(inhibitor.alert, names);
                warnings.emplace_back(
                    ErrorCode::InvalidArgument,
                    "inhibited_by of " + one.rule.name + ": no rule is called \"" + inhibitor.alert + "\"",
                    one.rule.source,
                    near ? "did you mean " + std::string(*near) + "?"
                         : "fine if an Alertmanager sends an alert of that name");
            }
    }

    void join(std::vector<Loaded> loaded) {
        for (auto& one : loaded) {
            auto known = std::find_if(all_.begin(), all_.end(),
                                      [&](const Loaded& other) { return other.spec.name.value == one.spec.overrides; });
            if (known == all_.end())
                all_.push_back(std::move(one));
            else
                *known = std::move(one);
        }
    }

    std::vector<Loaded> all_;
};

}  // namespace

LoadReport loadRules(const std::vector<RuleSource>& sources) {
    LoadReport report;
    Collector collector;
    for (const auto& source : sources) collector.add(source, report);
    std::move(collector).giveTo(report);
    return report;
}

}  // namespace klaw::rules
