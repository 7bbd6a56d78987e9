#include "agent/app/rule_keeper.hpp"

#include <algorithm>
#include <iterator>

#include "rules/load/rule_writer.hpp"

namespace klaw::app {
namespace {

constexpr std::string_view appliedPrefix = "applied ";

bool isOfApplied(const Error& error) {
    return error.place.starts_with(appliedPrefix);
}

}  // namespace

RuleKeeper::RuleKeeper(std::vector<rules::RuleSource> files, const std::vector<storage::RuleRevision>& applied)
    : files_(std::move(files)) {
    for (const auto& rule : applied) applied_[rule.name] = rule.text;
}

std::vector<rules::RuleSource> RuleKeeper::sourcesWith(const Applied& applied) const {
    auto sources = files_;
    for (const auto& [name, text] : applied)
        sources.push_back({std::string(appliedPrefix) + name, rules::ruleFileOf(text), true});
    return sources;
}

rules::LoadReport RuleKeeper::load() const {
    auto report = rules::loadRules(sourcesWith(applied_));
    std::ranges::copy_if(report.errors, std::back_inserter(report.warnings), isOfApplied);
    std::erase_if(report.errors, isOfApplied);
    return report;
}

rules::LoadReport RuleKeeper::load(std::vector<rules::RuleSource> files) {
    std::swap(files_, files);
    auto report = load();
    if (!report.ok()) std::swap(files_, files);
    return report;
}

Result<std::vector<std::string>> RuleKeeper::apply(const rules::RuleSource& file, const rules::Mark& by,
                                                   const Install& install) {
    auto before = load();
    auto sources = sourcesWith(applied_);
    sources.push_back({file.name, file.text, true});
    auto report = rules::loadRules(sources);
    for (auto& error : report.errors)
        if (!isOfApplied(error)) return fail(std::move(error));
    std::map<std::string, std::string> changed;
    for (const auto& rule : report.rules->rules())
        if (const auto* known = before.rules->find(rule.name); !known || known->text != rule.text)
            changed[rule.name] = rule.text;
    for (const auto& rule : before.rules->rules()) {
        if (report.rules->find(rule.name)) continue;
        const auto* off = report.disabled->find(rule.name);
        if (!off)
            return fail(ErrorCode::InvalidArgument, "\"" + rule.name + "\" would be renamed", file.name,
                        "apply a rule of the new name, and the old one with `enabled: false`");
        changed[rule.name] = off->text;
    }
    std::vector<std::string> names;
    for (const auto& [name, text] : changed) {
        names.push_back(name);
        applied_[name] = text;
        note(name, by, "apply", text);
    }
    if (!names.empty()) install(report.rules);
    return names;
}

Result<std::shared_ptr<const rules::RuleSet>> RuleKeeper::replaceOne(Applied applied, const std::string& name,
                                                                     const Install& install) {
    auto report = rules::loadRules(sourcesWith(applied));
    auto own = std::string(appliedPrefix) + name + ":";
    for (auto& error : report.errors)
        if (!isOfApplied(error) || error.place.starts_with(own)) return fail(std::move(error));
    applied_ = std::move(applied);
    install(report.rules);
    return report.rules;
}

Result<void> RuleKeeper::revert(const storage::RuleRevision& revision, const rules::Mark& by, const Install& install) {
    auto applied = applied_;
    applied[revision.name] = revision.text;
    auto installed = replaceOne(std::move(applied), revision.name, install);
    if (!installed) return fail(std::move(installed).error());
    note(revision.name, by, "revert", revision.text);
    return {};
}

Result<void> RuleKeeper::remove(const std::string& name, const rules::Mark& by, const Install& install) {
    auto applied = applied_;
    if (applied.erase(name) == 0)
        return fail(ErrorCode::NotFound, "no rule called \"" + name + "\" was applied", {},
                    "rules of files are changed there, or turned off by applying them with `enabled: false`");
    auto installed = replaceOne(std::move(applied), name, install);
    if (!installed) return fail(std::move(installed).error());
    note(name, by, "remove", {});
    if (const auto* rule = (*installed)->find(name)) note(name, by, rule->source, rule->text);
    return {};
}

void RuleKeeper::note(const std::string& name, const rules::Mark& by, std::string source, std::string text) {
    bool removed = text.empty();
    changed_.push_back({name, 0, by.by, std::move(source), by.at, std::move(text), {}, removed});
}

storage::UnitOfWork RuleKeeper::record(const rules::RuleSet& rules, TimePoint now) const {
    storage::UnitOfWork unit;
    auto add = [&](const std::string& name, const std::string& source, const std::string& text) {
        unit.ruleRevisions.push_back({name, 0, "klaw", source, now, text, {}, false});
    };
    for (const auto& rule : rules.rules()) add(rule.name, rule.source, rule.text);
    for (const auto& [name, text] : applied_)
        if (!rules.find(name)) add(name, "apply", text);
    unit.ruleRevisionsAreAll = true;
    return unit;
}

void RuleKeeper::takeRevisions(storage::UnitOfWork& into) {
    for (auto& revision : changed_) into.ruleRevisions.push_back(std::move(revision));
    changed_.clear();
}

}  // namespace klaw::app
