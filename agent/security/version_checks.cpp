// Versions of the API server and of the nodes, by https://kubernetes.io/releases/version-skew-policy/
#include <charconv>

#include "agent/security/check.hpp"

namespace klaw::security {
namespace {

constexpr int supportedMinors = 3, mostNodeSkew = 3;

/// 36 of "v1.36.3" and "v1.36.3-eks-1234".
std::optional<int> minorOf(std::string_view version) {
    if (!version.starts_with("v1.")) return std::nullopt;
    version.remove_prefix(3);
    int minor = 0;
    auto read = std::from_chars(version.data(), version.data() + version.size(), minor);
    if (read.ec != std::errc()) return std::nullopt;
    return minor;
}

void oldServer(const Inventory& inventory, const Report& report) {
    auto minor = minorOf(inventory.serverVersion);
    if (!minor || *minor > inventory.settings.newestMinor - supportedMinors) return;
    report({"Cluster", "", "API server"})
        .add("version",
             inventory.serverVersion + ", the newest is v1." + std::to_string(inventory.settings.newestMinor));
}

void nodeSkew(const Inventory& inventory, const Report& report) {
    auto server = minorOf(inventory.serverVersion);
    if (!server) return;
    for (const auto& node : inventory.nodes) {
        auto minor = minorOf(node.kubelet);
        if (!minor || (*minor <= *server && *server - *minor <= mostNodeSkew)) continue;
        report({"Node", "", node.name})
            .add("status.nodeInfo.kubeletVersion", node.kubelet + ", the API server is " + inventory.serverVersion);
    }
}

}  // namespace

std::vector<Check> versionChecks() {
    Check old{"api-server-version",
              Severity::High,
              {"The API server gets no security updates any more: three minor versions have come since",
               "API Server 版本过旧，已不再获得安全更新"},
              {"Upgrade one minor version after the other", "逐个次版本升级"},
              {owasp("K10"), nsa("Upgrading and application security practices"), kubescape("C-0273")},
              {"version"}};
    old.cluster = oldServer;
    Check skew{"node-version-skew",
               Severity::Medium,
               {"A kubelet is newer than the API server, or more than three minor versions older",
                "kubelet 版本高于 API Server，或落后超过三个次版本"},
               {"Upgrade the API server first, then the nodes", "先升级 API Server，再升级节点"},
               {owasp("K10"), nsa("Upgrading and application security practices"), kubescape("C-0273")},
               {"nodes", "version"}};
    skew.cluster = nodeSkew;
    return {std::move(old), std::move(skew)};
}

}  // namespace klaw::security
