#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/operate/control.hpp"

namespace klaw::operate {

/// What a rule reads, when it is looked at again, and what became of it. `activity`: null where no agent runs.
std::string explainRule(const rules::Rule& rule, const RuleActivity* activity, std::string_view language);

/// Revisions, newest first, each with what it changed. `one`: they are all of one rule, and so have their differences
/// with them; else a line each.
std::string describeHistory(const std::vector<RuleRevisionView>& revisions, bool one, int utcOffsetMinutes,
                            std::string_view language);

/// All rules as one rule file.
std::string exportRules(const rules::RuleSet& rules);

/// NotFound, with the nearest name.
Result<const rules::Rule*> namedRule(const rules::RuleSet& rules, const std::string& name);

}  // namespace klaw::operate
