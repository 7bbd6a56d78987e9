#pragma once

#include <string>
#include <string_view>

namespace klaw::backup {

/// A kind of objects as an API server serves it.
struct Kind {
    std::string apiVersion;  ///< "v1", "apps/v1"
    std::string kind;        ///< "Deployment"
    std::string plural;      ///< "deployments"
    bool namespaced = false;

    /// "apps"; empty for the core group.
    std::string_view group() const;
    /// "deployments.apps", "configmaps": what is the same in every version.
    std::string resource() const;
    /// "apps/v1 Deployment", for people.
    std::string title() const { return apiVersion + " " + kind; }
    /// The path of the list, of one namespace where `ns` names one: "/apis/apps/v1/namespaces/shop/deployments".
    std::string listPath(const std::string& ns) const;
    std::string objectPath(const std::string& ns, const std::string& name) const;
    friend bool operator==(const Kind&, const Kind&) = default;
};

/// Why objects of this kind are in no backup; empty: they are. Those that somebody else makes anew (Events, Leases,
/// Nodes) and those that stand for data elsewhere (PersistentVolumes).
std::string_view leftOutBecause(const Kind& kind);

/// In which order kinds are restored: those that others need come first.
int restoreRank(const Kind& kind);

}  // namespace klaw::backup
