#pragma once

#include <string>
#include <vector>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {

/// The files of a directory under rules/default, in the order in which the agent loads them: by name.
std::vector<RuleSource> packFiles(const std::string& pack, bool tests);
/// The pack as the agent loads it: `mixin` changes what `fast` says.
LoadReport loadPack(const std::string& pack);
/// Those that run and those that are off.
std::vector<Rule> allRulesOf(const std::string& pack);

}  // namespace klaw::rules
