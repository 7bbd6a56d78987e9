#pragma once

#include <string>

#include "agent/operate/planned_object.hpp"
#include "agent/operate/rollout.hpp"

// Cluster API, by which clusters are objects of another one, the management cluster: https://cluster-api.sigs.k8s.io
namespace klaw::operate {

inline constexpr auto clusterApiVersion = "cluster.x-k8s.io/v1beta1";

/// "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/machines"; of all namespaces where `ns` is empty.
std::string clusterApiPath(const std::string& ns, const std::string& plural);

bool isCluster(const Plan& plan);

/// Unsupported where Cluster API is not installed in a cluster, or not in a version that is known here: with what to
/// install.
Task<Result<void>> requireClusterApi(Control& control, Caller caller, std::string cluster);

/// The Cluster that a command names, in its namespace or in the only one that has such a one. With the errors of
/// requireClusterApi() and plannedObject().
Task<Result<PlannedObject>> managedCluster(Control& control, Caller caller, CommandLine line);

/// A Cluster without a topology as if it had one, by what its control plane and its MachineDeployments say: a list that
/// may have those of others. One with a topology stays as it is.
nlohmann::json withTopology(nlohmann::json cluster, const nlohmann::json& controlPlane,
                            const nlohmann::json& deployments);

/// How far a Cluster with a topology has become what its specification says: first its control plane, then its workers.
/// `machines`: a MachineList. Stuck when Cluster API has given up; what it only complains of is part of the text.
RolloutStatus clusterRollout(const nlohmann::json& cluster, const nlohmann::json& machines, bool chinese);

}  // namespace klaw::operate
