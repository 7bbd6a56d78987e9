#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/binding.hpp"
#include "agent/access/membership.hpp"
#include "agent/access/place.hpp"
#include "agent/access/role.hpp"

namespace klaw::access {

/// What somebody wants. The identity comes from the way in (token of the data directory, a platform's signature), never
/// from the text.
struct Request {
    std::string identity;  ///< "local:alice", "feishu:ou_…", "dingtalk:…"
    std::string chat;      ///< "feishu:oc_…" where it was asked in one
    std::string verb;
    std::string permission;        ///< "read", "alerts", "rules", "workloads", "nodes", "namespaces", "access"
    std::optional<Place> place{};  ///< of what is read or changed; nothing: it is of no cluster
    Membership membership{};       ///< of whoever it is
    std::optional<std::int64_t> replicas{};  ///< that a change leaves, where it says so
    std::string approvedBy{};                ///< identity of the second person
    bool furtherPart = false;                ///< of a change that has begun: the limits have counted it
    std::string command{};                   ///< the verb as it is written, where `verb` says of what it is as well
    bool reads = false;                      ///< it changes nothing there, whatever its permission
};

struct Decision {
    bool allowed = false;
    std::string reason;  ///< sentence for people
};

/// Deny is the default. Who holds the token of the data directory is this machine's administrator and may do
/// everything.
class Policy {
public:
    /// `roles` beside the built-in ones. In clusters of `readOnly` nobody changes anything, whatever their role.
    explicit Policy(std::vector<Binding> bindings = {}, std::vector<Role> roles = {},
                    std::set<std::string, std::less<>> readOnly = {});

    Decision decide(const Request& request, TimePoint now) const;
    /// The configured name of a person; empty for others.
    std::string nameOf(std::string_view identity) const;
    /// All names under which they are configured, in that order.
    std::vector<std::string> namesOf(std::string_view identity) const;
    /// The identities of the person with that name; an identity stands for itself. Empty for nobody.
    std::vector<std::string> identitiesOf(std::string_view person) const;
    /// Whether these are of one person: by a configured name, or as holders of this machine's token, who cannot be
    /// told apart.
    bool samePerson(std::string_view identity, std::string_view other) const;
    /// The roles that somebody has where the request is, whatever these allow.
    std::vector<std::string> rolesOf(const Request& request, TimePoint now) const;
    /// The groups of Kubernetes in which somebody is where the request is, as it is made under their name. Sorted.
    std::vector<std::string> groupsOf(const Request& request, TimePoint now) const;
    /// Whether somebody may do everything everywhere.
    bool isAdministrator(const Request& request, TimePoint now) const;
    /// Whether somebody has a role for being in a department of the platform ("feishu").
    bool namesDepartments(std::string_view platform) const;
    /// Whether anything about the request, or what has to be read for it, may depend on the departments of whoever
    /// asks: not where a role of their own, or of the chat, allows it everywhere, and not where no department has it.
    bool departmentsMatter(const Request& request, TimePoint now) const;
    /// Whether there is a place where somebody may do this.
    bool allowsSomewhere(const Request& request, TimePoint now) const;
    /// Those of the asker's platform whose people may do this.
    std::vector<std::string> departmentsFor(const Request& request, TimePoint now) const;
    const std::vector<Binding>& bindings() const { return bindings_; }
    /// Null for a role that there is not.
    const Role* role(std::string_view name) const;
    const std::vector<Role>& roles() const { return roles_; }

private:
    bool grants(const Binding& binding, const Request& request) const;

    std::vector<Binding> bindings_;
    std::vector<Role> roles_;
    std::set<std::string, std::less<>> readOnly_;
};

inline constexpr std::string_view localPrefix = "local:";

/// "feishu_department:", before the id of a department of that platform.
std::string departmentPrefix(std::string_view platform);
/// Whether it is written as a department of a platform is: "dingtalk_department:42".
bool isDepartment(std::string_view subject);

}  // namespace klaw::access
