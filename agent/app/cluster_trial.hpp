#pragma once

#include <string>
#include <vector>

#include "agent/kube/cluster_access.hpp"
#include "agent/operate/control.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"
#include "base/async/task_group.hpp"

namespace klaw::app {

/// Asks an API server for its version and, all at once, for one object of each resource. An Error where it does not
/// answer at all; `group` holds what still runs where the waiting task is cancelled.
Task<Result<operate::ClusterTrial>> tryAccess(Loop& loop, LoopClock& clock, TaskGroup& group,
                                              kube::ClusterAccess access, std::vector<std::string> resources);

}  // namespace klaw::app
