#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klaw::kube {

/// A credential plugin:
/// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
struct ExecSpec {
    std::string command;
    std::vector<std::string> args;
    std::vector<std::pair<std::string, std::string>> env;
    std::string apiVersion;
    std::string installHint;
    bool provideClusterInfo = false;
    friend bool operator==(const ExecSpec&, const ExecSpec&) = default;
};

/// Everything needed to reach one cluster. File contents are read already, except what may change while we run.
struct ClusterAccess {
    std::string name;  ///< of the context, or "in-cluster"
    std::string server;
    std::string caPem;
    bool insecureSkipVerify = false;
    std::string tlsServerName;
    std::string proxyUrl;
    bool disableCompression = false;
    std::string clientCertPem;
    std::string clientKeyPem;
    std::string token;
    std::string tokenFile;  ///< read again when it changes; wins over `token`
    std::string username;
    std::string password;
    std::optional<ExecSpec> exec;
    std::string impersonateUser;
    std::vector<std::string> impersonateGroups;
    bool impersonateCallers = false;  ///< changes are made as the person who asked: "feishu:ou_…"
    std::string source;               ///< where it is from, for messages: path of the kubeconfig
    friend bool operator==(const ClusterAccess&, const ClusterAccess&) = default;
};

}  // namespace klaw::kube
