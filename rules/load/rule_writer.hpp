#pragma once

#include <string>
#include <string_view>

#include "rules/load/rule_spec.hpp"

namespace klaw::rules {

/// A rule as YAML, whole: what the file's defaults and an override have given it stands in it, `override` does not.
/// The same rule always gives the same text. An item of the list `rules`, two blanks indented.
std::string writeRule(const RuleSpec& spec);

/// The rule file of such items.
std::string ruleFileOf(std::string_view items);

}  // namespace klaw::rules
