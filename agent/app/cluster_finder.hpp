#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.hpp"
#include "agent/kube/cluster_source.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"
#include "base/async/task_group.hpp"
#include "base/result.hpp"

namespace klaw::app {

/// The clusters that sources name, and which source each is from.
struct FoundClusters {
    std::vector<kube::ClusterAccess> clusters;
    std::map<std::string, kube::ClusterSource, std::less<>> sources;  ///< by the name of the cluster
    std::vector<Error> problems;                                      ///< of single sources or files
    bool incomplete = false;  ///< there may be clusters whose names are not known now

    const kube::ClusterAccess* find(std::string_view name) const;
};

/// Those whose kubeconfigs are files here; sources in Secrets are left out. An Error for the first source of one
/// cluster that cannot be used, and for a directory that cannot be read; single files of a directory are problems. No
/// sources: the cluster that kubectl would use.
Result<FoundClusters> clustersOnDisk(const std::vector<kube::ClusterSource>& sources);

/// All of them. What cannot be used now is a problem and stays as it was in `before`; of two with one name the first
/// counts. Kubeconfigs in Secrets are read, all at once, from the cluster that each names, else the first one: it may
/// be from a Secret itself. `group` holds what still runs where the waiting task is cancelled.
Task<FoundClusters> findClusters(Loop& loop, LoopClock& clock, TaskGroup& group,
                                 std::vector<kube::ClusterSource> sources, FoundClusters before);

/// The one cluster of a source; `clusters`: from which a Secret may be read.
Task<Result<kube::ClusterAccess>> findCluster(Loop& loop, LoopClock& clock, kube::ClusterSource source,
                                              std::vector<kube::ClusterAccess> clusters);

}  // namespace klaw::app
