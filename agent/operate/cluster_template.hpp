#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/operate/caller.hpp"
#include "agent/operate/control.hpp"
#include "agent/operate/plan.hpp"
#include "base/async/task.hpp"

// Templates of clusters without a ClusterClass, as `clusterctl generate cluster` reads them, kept in a ConfigMap of the
// management cluster. https://cluster-api.sigs.k8s.io/clusterctl/commands/generate-cluster#flavors
namespace klaw::operate {

/// The text with values for its variables: "${NAME}", or "${NAME:=usual}" and "${NAME:-usual}" where one may be left
/// out; "$${" stays "${". InvalidArgument for what is missing, for a value that the text has no use for or that could
/// be read as more than a value of YAML, and for any other form.
/// https://cluster-api.sigs.k8s.io/clusterctl/provider-contract#variables
Result<std::string> withValues(std::string_view text, const std::map<std::string, std::string>& values);

/// Of `where`, "NAME", "NAMESPACE/NAME" or "NAMESPACE/NAME/KEY": the objects that the template in that ConfigMap makes
/// of the Cluster of `plan`, the Cluster last. Only objects of Cluster API, in the namespace of the plan.
Task<Result<std::vector<Plan>>> templatedCluster(Control& control, Caller caller, Plan plan, std::string where,
                                                 std::map<std::string, std::string> values);

}  // namespace klaw::operate
