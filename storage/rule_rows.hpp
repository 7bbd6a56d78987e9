#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/rule_revision.hpp"

namespace klaw::storage {

/// The newest revision of each name that is not removed; by name.
Result<std::vector<RuleRevision>> currentRuleRevisions(Database& database);
/// Newest first.
Result<std::vector<RuleRevision>> ruleRevisionsOf(Database& database, std::string_view name);
Result<std::vector<RuleRevision>> latestRuleRevisions(Database& database, std::size_t limit);

}  // namespace klaw::storage
