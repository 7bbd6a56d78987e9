#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace klaw::kube {

/// A value in a Secret of Kubernetes.
struct SecretReference {
    std::string cluster;  ///< empty: the first one
    std::string ns;
    std::string name;
    std::string key;
    friend bool operator==(const SecretReference&, const SecretReference&) = default;
};

/// Where the way to a cluster, or to several, is found. With nothing given: the current context of the kubeconfig that
/// kubectl would use.
struct ClusterSource {
    std::string name;        ///< shown on cards; empty: the context's
    std::string kubeconfig;  ///< path; empty: KUBECONFIG, ~/.kube/config or the Pod's service account
    std::string context;     ///< empty: the current one; "*": each is a cluster, by its name
    std::string directory;   ///< of kubeconfigs: each is a cluster, by the name of its file without extension
    std::optional<SecretReference> secret;  ///< that holds a kubeconfig
    bool inCluster = false;                 ///< the Pod's service account and nothing else
    bool impersonate = false;               ///< changes are made as the person who asked, under their RBAC
    bool readOnly = false;                  ///< nobody changes anything in it by Klaw
    std::map<std::string, std::string, std::less<>> labels;  ///< by which commands choose several: --cluster env=prod
    friend bool operator==(const ClusterSource&, const ClusterSource&) = default;
};

}  // namespace klaw::kube
