#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rules/load/test_reader.hpp"
#include "rules/rule_set.hpp"

namespace klaw::rules {

/// What comes otherwise than the test expects when it is played in virtual time, a sentence with its place each.
std::vector<std::string> failuresOf(const TestCase& test, std::shared_ptr<const RuleSet> rules);

/// Those of the named rules for which the test has something that they look at - an object, Events about one, a series
/// - and that, played alone to the end of the test, never makes them fire.
std::set<std::string> quietOf(const std::set<std::string>& names, const TestCase& test,
                              const std::shared_ptr<const RuleSet>& rules);

}  // namespace klaw::rules
