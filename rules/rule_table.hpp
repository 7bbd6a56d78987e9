#pragma once

#include <string>
#include <vector>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {

/// The name by which routes and silences know the rule's alerts.
std::string alertnameOf(const Rule& rule);

/// The labels of the rule's alerts, sorted; without `alertname`, `cluster` and `severity`, which all have.
std::vector<std::string> labelNamesOf(const Rule& rule);

/// The rules as a Markdown table, in their order, those that are off last: what each reads, when it fires, after how
/// long, and what its card says in both languages.
std::string markdownTable(const LoadReport& rules);

/// Which rule of the pack `mixin` tells of what alert of kube-prometheus, and what it is called in the pack `fast`, as
/// a Markdown table in the order of the alerts' names.
std::string upstreamTable(const LoadReport& mixin);

}  // namespace klaw::rules
