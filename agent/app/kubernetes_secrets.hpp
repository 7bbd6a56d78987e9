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

/// What a Secret holds under a key, from the cluster that the reference names, else the first one.
Task<Result<std::string>> readSecret(Loop& loop, LoopClock& clock, SecretReference from,
                                     std::vector<kube::ClusterAccess> clusters);

/// "Secret shop/kubeconfig", for messages.
std::string placeOf(const SecretReference& from);

/// fillSecrets for commands, on a loop of its own: blocks for seconds at most.
Result<void> fillSecretsNow(Config& config, const std::vector<kube::ClusterAccess>& clusters);

}  // namespace klaw::app
