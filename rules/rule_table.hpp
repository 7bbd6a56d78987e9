#pragma once

#include <string>

#include "rules/rule_set.hpp"

namespace klaw::rules {

/// The rules as a Markdown table, in the order of the set: what each reads, when it fires, after how long, and what its
/// card says in both languages.
std::string markdownTable(const RuleSet& rules);

}  // namespace klaw::rules
