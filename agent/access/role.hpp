#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace klaw::access {

/// One thing that a role allows: what is in `may`, where every other list fits. A list that is empty fits everything;
/// in all of them `*` stands for any characters.
struct RoleRule {
    std::vector<std::string> may;  ///< permissions ("read", "workloads") or single verbs ("restart")
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;  ///< what is of no namespace is then outside
    std::vector<std::string> resources;   ///< plural, as in paths of the API: "deployments"
    std::vector<std::string> names;       ///< of objects; lists of them are then outside
};

struct Role {
    std::string name;
    std::vector<RoleRule> rules;
    std::vector<std::string> groups{};  ///< of Kubernetes, in which they are where clusters impersonate callers
};

/// viewer: read; operator: read, alerts and workloads; admin: everything.
const std::vector<Role>& builtInRoles();

/// The built-in role with the least that grants the permission.
std::string_view lowestRole(std::string_view permission);

/// `*` stands for any characters, none included.
bool matchesPattern(std::string_view pattern, std::string_view text);
bool matchesAny(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace klaw::access
