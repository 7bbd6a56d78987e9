#pragma once

#include <functional>
#include <string>

#include "base/async/task.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// Visits the objects that are known now, a few hundred at a time: whatever else is ready has its turn in between. One
/// that changes meanwhile is seen as it is then, one that goes perhaps not. `objects` and what `visit` refers to
/// outlive the task.
Task<void> visitInTurns(const rules::ObjectSource& objects, std::string cluster, std::string resource,
                        std::function<void(PackedView)> visit);

}  // namespace klaw::scrape
