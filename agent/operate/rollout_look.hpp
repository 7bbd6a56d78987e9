#pragma once

#include "agent/operate/control.hpp"
#include "agent/operate/plan.hpp"
#include "agent/operate/rollout.hpp"

namespace klaw::operate {

/// How far what a plan has set going has come, by what its API server says now: of a workload the object alone, of a
/// Cluster its Machines too.
Task<Result<RolloutStatus>> lookAtRollout(Control& control, Caller caller, Plan plan, bool chinese);

}  // namespace klaw::operate
