#pragma once

#include <functional>
#include <vector>

#include "rules/load/rule_spec.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::rules {

/// The rule of that name from an earlier file, which a rule with `override` starts from; null when there is none.
using EarlierRule = std::function<const RuleSpec*(const std::string& name)>;

/// Reads a rule file into specs. Everything that does not fit is reported; the specs are of use only without errors.
std::vector<RuleSpec> readRules(const YamlCursor& root, const EarlierRule& earlier);

}  // namespace klaw::rules
