#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.hpp"
#include "base/result.hpp"

namespace klaw::kube {

/// What the process was started with; given so that tests need no environment.
struct KubeEnvironment {
    std::function<std::optional<std::string>(const std::string& name)> variable;
    std::string serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
KubeEnvironment processEnvironment();

/// Which cluster. With nothing given: as kubectl chooses, else the Pod's service account.
struct AccessQuery {
    std::string kubeconfig;  ///< path; empty: KUBECONFIG (a list), then ~/.kube/config
    std::string context;     ///< empty: current-context
    bool inCluster = false;  ///< the service account and nothing else
};

/// Reads and merges kubeconfig files as client-go does: the first file that names something wins, relative paths are
/// relative to the file they stand in. Errors name file and line. NotFound: nothing is configured at all, which
/// `klaw run` answers with the demo.
Result<ClusterAccess> resolveAccess(const KubeEnvironment& environment, const AccessQuery& query);

/// Of every context in the kubeconfigs that `query` means, in order of their names; the files are read once.
Result<std::vector<ClusterAccess>> resolveAll(const KubeEnvironment& environment, const AccessQuery& query);

/// From a kubeconfig that is no file of ours, as one in a Secret: InvalidArgument where it names files, a program to
/// run, a proxy or a server without TLS, which whoever may write it must not choose. `source`: for messages; an empty
/// `context`: the current one.
Result<ClusterAccess> accessFromText(const std::string& kubeconfig, const std::string& source,
                                     const std::string& context);

}  // namespace klaw::kube
