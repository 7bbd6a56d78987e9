#pragma once

#include <optional>

#include "rules/load/problems.hpp"
#include "rules/load/rule_spec.hpp"

namespace klaw::rules {

/// Checks a spec as a whole and compiles its expressions. nullopt, with every error reported, when it is not right.
std::optional<Rule> compileRule(const RuleSpec& spec, Problems& problems);

}  // namespace klaw::rules
