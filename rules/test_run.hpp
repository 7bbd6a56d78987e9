#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/load/test_reader.hpp"
#include "rules/rule_set.hpp"

namespace klaw::rules {

/// What comes otherwise than the test expects when it is played in virtual time, a sentence with its place each.
std::vector<std::string> failuresOf(const TestCase& test, std::shared_ptr<const RuleSet> rules);

/// Whether the test has something that the rule looks at - an object, Events about one, a series - for which, played
/// alone to the end of the test, the rule never fires.
bool leavesQuiet(const Rule& rule, const TestCase& test, const std::shared_ptr<const RuleSet>& rules);

}  // namespace klaw::rules
