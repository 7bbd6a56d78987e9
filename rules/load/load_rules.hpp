#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "rules/rule_set.hpp"

namespace klaw::rules {

/// The version of the rule language. A file may demand one with `required_engine_version`.
inline constexpr int ruleEngineVersion = 1;

struct RuleSource {
    std::string name;  ///< shown in errors, usually the file's path
    std::string text;  ///< YAML
    /// Its rules take the place of earlier ones of their name, whole, and need no `override` for it.
    bool replaces = false;
};

/// What came of loading. An Error's describe() is "file:line:column: message (remedy)".
struct LoadReport {
    /// The rules of all files without an error, never null. A file with an error contributes nothing.
    std::shared_ptr<const RuleSet> rules;
    std::shared_ptr<const RuleSet> disabled;  ///< those with `enabled: false`, never null
    std::vector<Error> errors;
    std::vector<Error> warnings;
    bool ok() const { return errors.empty(); }
};

/// Later sources come after earlier ones: a rule with `override: true` changes the earlier rule of the same name, one
/// with `override: NAME` changes that earlier rule and renames it; the same name without is an error. Rules with
/// `enabled: false` are checked and left out.
///
/// Hostile input is refused within bounded time and memory: size, nesting and the number of values are limited.
LoadReport loadRules(const std::vector<RuleSource>& sources);

}  // namespace klaw::rules
