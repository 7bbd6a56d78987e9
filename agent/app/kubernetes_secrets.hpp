#pragma once

#include <vector>

#include "agent/app/config.hpp"
#include "agent/kube/cluster_access.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::app {

/// Fills in what the configuration leaves to Secrets of Kubernetes (`secret: {namespace, name, key}`), read from the
/// cluster that it names, else the first one. An Error names the Secret and what is wrong with it; no value is in it.
Task<Result<void>> fillSecrets(Loop& loop, LoopClock& clock, Config& config, std::vector<kube::ClusterAccess> clusters);

/// The same for commands, on a loop of its own: blocks for seconds at most.
Result<void> fillSecretsNow(Config& config, const std::vector<kube::ClusterAccess>& clusters);

}  // namespace klaw::app
