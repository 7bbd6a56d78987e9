#pragma once

#include <optional>
#include <string>

#include "agent/kube/cluster_access.hpp"
#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::kube {

/// What a credential plugin answered.
struct ExecCredential {
    std::string token;
    std::string clientCertPem;
    std::string clientKeyPem;
    std::optional<TimePoint> expiresAt;
};

/// Reads the status of an ExecCredential (client.authentication.k8s.io v1, v1beta1).
Result<ExecCredential> parseExecCredential(std::string_view json, const ExecSpec& exec);

/// Runs the plugin beside the loop; the process and its children are killed after `timeout` or when the waiting task is
/// cancelled. Standard error goes into the message when it fails.
Task<Result<ExecCredential>> runExecPlugin(Loop& loop, ClusterAccess access, Duration timeout);

}  // namespace klaw::kube
