#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/backup/restore_options.hpp"
#include "agent/kube/api_server.hpp"

namespace klaw::operate {

/// What somebody must be allowed for a change beside what its objects need. With an empty `ns`: in all namespaces.
struct NeededAccess {
    std::string cluster, ns, permission;
    bool reads = false;  ///< only reads there: also where nobody may change anything
};

/// A change as it is proposed: what would be sent, on what it is based and what people are told. The request itself
/// makes the API server refuse it when the object is another one or was changed since. Of several objects each has a
/// part.
struct Plan {
    std::string cluster;
    std::string ns;    ///< empty for what is of the cluster
    std::string kind;  ///< "Deployment"
    std::string name;
    std::string path;  ///< of the object
    std::string uid;
    std::string state;               ///< stateOf() what it is based on
    std::string before;              ///< the object as it was read, JSON; empty for one that was kept
    kube::ChangeRequest request;     ///< without a body in one that was kept; no path: only its parts change something
    std::string effects;             ///< of one that was kept: effectsOf() its body
    std::string summary;             ///< what is done, a sentence without its end
    std::vector<std::string> notes;  ///< what people should know before
    std::string evidence;            ///< path of the object that shows whether it was done
    std::string undo;                ///< the command that takes it back; empty: none
    bool rollout = false;            ///< Pods are replaced in the course of it, or the machines of a cluster
    std::string registers{};         ///< the name by which the cluster that comes of it is watched; empty: none does
    std::string permission{};        ///< in place of that of the verb, where this object needs another one
    std::string appliedBefore{};     ///< of a server-side apply: when Klaw had applied the object before
    std::string wanted{};            ///< the object as it would be made, JSON; empty where it is changed
    std::string stillNeeded{};       ///< what the command must be given before it can be confirmed: "--confirm shop"
    /// Changes of further objects, made after this one in their order, each with a permission and an outcome of its
    /// own.
    std::vector<Plan> parts{};
    /// The parts are Pods of this node to evict: tried again while budgets forbid it, for so long.
    std::optional<Duration> evictsFor{};
    /// Objects of an archive are restored, one after the other: the parts only say what is touched, by kind and
    /// namespace.
    std::optional<backup::RestoreOptions> restores{};
    std::vector<NeededAccess> needs{};

    std::vector<std::string> argv{};  ///< of a command that is run in a container of this Pod
    std::string container{};          ///< the name of that container
    std::string revealedKey{};        ///< of a value of this Secret, which is shown to the asker in private
    Duration shownFor{};              ///< how long it is

    /// "Deployment shop/web"
    std::string title() const { return kind + " " + (ns.empty() ? "" : ns + "/") + name; }
    /// "deployment/web -n shop --cluster prod"
    std::string address() const {
        auto word = kind;
        for (auto& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        return word + "/" + name + (ns.empty() ? "" : " -n " + ns) + " --cluster " + cluster;
    }
    bool changesItself() const { return !request.path.empty(); }
    std::string target() const { return cluster + (ns.empty() ? "" : "/" + ns) + "/" + kind + "/" + name; }
    /// What `--expect` is given, so that a later confirmation is about this very state.
    std::string expectation() const { return uid + "@" + state; }
};

}  // namespace klaw::operate
