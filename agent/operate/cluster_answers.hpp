#pragma once

#include <string>

#include "agent/operate/cluster_facts.hpp"

// How the answers of an API server are read for ClusterFacts. DataLoss for what is not what was asked for.
namespace klaw::operate {

/// Of `/readyz?verbose`: lines as "[+]etcd ok" and "[-]poststarthook/x failed: reason withheld".
/// https://kubernetes.io/docs/reference/using-api/health-checks/
Result<ReadinessFacts> readReadiness(const std::string& text);
/// Of a NodeList.
Result<NodeFacts> readNodes(const std::string& text);
/// Of two tables: one of a single Pod, which says how many more there are, and those that wait to start.
Result<PodFacts> readPods(const std::string& counted, const std::string& notStarted);
/// Of a table of Deployments, StatefulSets or DaemonSets, which `kind` names.
Result<void> addWorkloads(const std::string& text, const std::string& kind, bool withNamespace, WorkloadFacts& facts);
/// How long ago the Lease was renewed; nothing where it does not say.
std::optional<Duration> leaseAge(const std::string& text, TimePoint now);
/// Of a NodeMetricsList and a PodMetricsList.
Result<UsageFacts> readNodeUsage(const std::string& text);
void addPodUsage(const std::string& text, UsageFacts& facts);

}  // namespace klaw::operate
