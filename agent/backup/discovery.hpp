#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/backup/kind.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::backup {

/// A GET of the API server: path with query, and what is accepted; the body.
using Fetch = std::function<Task<Result<std::string>>(std::string path, std::string accept)>;

struct Discovered {
    std::vector<Kind> kinds;            ///< that can be listed and created, in the order of their restoring
    std::vector<std::string> problems;  ///< groups of which nothing is known now, a sentence each
};

/// The kinds that an API server serves, each in the version that it prefers: by aggregated discovery
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery), or group by group where the
/// server has none.
Task<Result<Discovered>> discoverKinds(Fetch fetch);

}  // namespace klaw::backup
