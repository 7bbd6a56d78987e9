#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/operate/control.hpp"
#include "agent/operate/kubernetes_version.hpp"
#include "agent/operate/output.hpp"

// What stands in the way of another version of Kubernetes in a cluster.
namespace klaw::operate {

struct PreflightFinding {
    enum class Level {
        Blocker,  ///< the upgrade would fail, or break what runs
        Warning,  ///< somebody should know before
        Unknown,  ///< could not be looked at
    };
    Level level = Level::Blocker;
    rules::LocalizedText what;
    std::string evidence;
    friend bool operator==(const PreflightFinding&, const PreflightFinding&) = default;
};

/// What a cluster says of itself: the body of each answer, or why there is none.
struct UpgradeFacts {
    std::string version;                             ///< of the API server, "v1.33.1"
    std::optional<TimePoint> certificateEnds;        ///< the API server's own
    Result<std::string> nodes = std::string();       ///< NodeList
    Result<std::string> budgets = std::string();     ///< PodDisruptionBudgetList
    Result<std::string> validating = std::string();  ///< ValidatingWebhookConfigurationList
    Result<std::string> mutating = std::string();
    Result<std::string> definitions = std::string();  ///< CustomResourceDefinitionList
    Result<std::string> metrics = std::string();      ///< the API server's, Prometheus text
    /// Lists of the kinds that versions of their API were removed of: "flowschemas" → list.
    std::map<std::string, Result<std::string>, std::less<>> stored;
    /// Of the services that webhooks with failurePolicy Fail are behind: "shop/guard" → EndpointSliceList.
    std::map<std::string, Result<std::string>, std::less<>> services;
    /// Of the configured backups those of the whole cluster: "nightly", and what became of its last run.
    std::vector<std::string> backups;
    std::optional<TimePoint> lastBackup;  ///< when the newest good archive of one of them was made
};

/// Asks a cluster for all of it, as the caller may.
Task<UpgradeFacts> upgradeFactsOf(Control& control, Caller caller, std::string cluster);

/// Pure. Blockers first. The rules of skew: https://kubernetes.io/releases/version-skew-policy/, of removed versions of
/// APIs: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
std::vector<PreflightFinding> preflight(const UpgradeFacts& facts, const KubernetesVersion& to, TimePoint now);

bool blocks(const std::vector<PreflightFinding>& findings);
Table preflightTable(const std::vector<PreflightFinding>& findings, bool chinese);

}  // namespace klaw::operate
