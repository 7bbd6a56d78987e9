#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klaw::access {

/// Where in the clusters something is. With an empty `ns` it is of the cluster as a whole, or of all its namespaces.
struct Place {
    std::string cluster;
    std::string ns;
};

/// What somebody wants. The identity comes from the way in (token of the data directory, a platform's signature), never
/// from the text.
struct Request {
    std::string identity;  ///< "local:alice", "feishu:ou_…", "dingtalk:…"
    std::string chat;      ///< "feishu:oc_…" where it was asked in one
    std::string verb;
    std::string permission;        ///< "read", "alerts", "rules", "workloads", "nodes"
    std::optional<Place> place{};  ///< of what is read or changed; nothing: it is of no cluster
};

struct Decision {
    bool allowed = false;
    std::string reason;  ///< sentence for people
};

/// viewer: read; operator: read, alerts and workloads; admin: everything.
enum class Role { Viewer, Operator, Admin };
std::optional<Role> roleFromString(std::string_view text);
std::string_view toString(Role role);
/// The least that grants the permission.
Role lowestRole(std::string_view permission);

/// Who has a role: certain people, or whoever writes in a chat.
struct Binding {
    std::string name;                     ///< of a person, shown on cards
    std::vector<std::string> identities;  ///< "feishu:ou_…"
    std::vector<std::string> chats;       ///< "feishu:oc_…"
    Role role = Role::Viewer;
    std::vector<std::string> clusters;    ///< where the role holds, `*` for any characters; none: everywhere
    std::vector<std::string> namespaces;  ///< the same; what is of no namespace is then outside
};

/// Deny is the default. Who holds the token of the data directory is this machine's administrator and may do
/// everything.
class Policy {
public:
    explicit Policy(std::vector<Binding> bindings = {}) : bindings_(std::move(bindings)) {}

    Decision decide(const Request& request) const;
    /// The configured name of a person; empty for others.
    std::string nameOf(std::string_view identity) const;

private:
    std::vector<Binding> bindings_;
};

inline constexpr std::string_view localPrefix = "local:";

}  // namespace klaw::access
