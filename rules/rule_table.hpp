#pragma once

#include <string>

#include "rules/rule_set.hpp"

namespace klaw::rules {

/// The name by which routes and silences know the rule's alerts.
std::string alertnameOf(const Rule& rule);

/// The rules as a Markdown table, in the order of the set: what each reads, when it fires, after how long, what its
/// card says in both languages, and what it is called in `renamed`, if that is given.
std::string markdownTable(const RuleSet& rules, const RuleSet* renamed);

}  // namespace klaw::rules
