#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/security/finding.hpp"
#include "agent/security/terms.hpp"
#include "base/time.hpp"

namespace klaw::security {

struct Check;

/// What is remembered of the objects once each was looked at alone: enough to judge them together.
struct Inventory {
    struct Namespace {
        std::map<std::string, std::string> labels;
        bool hasPods = false;
        std::size_t policies = 0;
        bool deniesIngress = false, deniesEgress = false;  ///< by default, for all its Pods
    };
    struct Account {
        std::optional<bool> automount;
    };
    struct Workload {
        Subject subject;
        std::string account;  ///< of its service account
        std::optional<bool> automount;
        std::string accountPath;  ///< where it says so
        std::string automountPath;
    };
    struct Role {
        Subject subject;
        bool everything = false;         ///< all verbs on all resources of all groups
        std::vector<std::string> risks;  ///< ids of the checks that found something in it
    };
    struct BoundSubject {
        std::string kind;  ///< "User", "Group", "ServiceAccount"
        std::string ns;
        std::string name;
        bool shipped = false;  ///< has the role from Kubernetes itself
        std::string text() const { return Subject{kind, ns, name}.text(); }
    };
    struct Binding {
        Subject subject;
        std::string roleKind, role;
        std::vector<BoundSubject> subjects;
    };
    struct Node {
        std::string name;
        std::string kubelet;  ///< "v1.36.3"
    };

    /// Where Kubernetes keeps its own: what runs there needs what workloads may not have. Not where it is asked for by
    /// name.
    bool isOfKubernetes(const std::string& ns) const;

    TimePoint now{};
    Settings settings;
    std::string only;           ///< the one namespace that is looked at; empty: all
    std::string serverVersion;  ///< "v1.36.3"; empty where it is not known
    std::optional<TimePoint> serverCertificateEnds;
    std::map<std::string, Namespace> namespaces;
    std::map<std::pair<std::string, std::string>, Account> accounts;  ///< by namespace and name
    std::vector<Workload> workloads;
    std::vector<Role> roles;
    std::vector<Binding> bindings;
    bool knowsAllBindings = true;
    std::vector<Node> nodes;
};

/// One of those that every cluster has for itself.
bool isSystemNamespace(std::string_view ns);

/// The role that Kubernetes ships, or one that grants the same.
bool grantsEverything(const Inventory& inventory, const Inventory::Binding& binding);

}  // namespace klaw::security
