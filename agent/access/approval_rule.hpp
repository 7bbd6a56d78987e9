#pragma once

#include <string>
#include <vector>

#include "agent/access/access.hpp"
#include "base/time.hpp"

namespace klaw::access {

/// Changes for which another person must say yes. A list that is empty fits everything; in all of them but those of
/// approvers `*` stands for any characters.
struct ApprovalRule {
    std::vector<std::string> verbs;  ///< or permissions, as RoleRule::may
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;  ///< what is of no namespace is then outside
    std::vector<std::string> resources;   ///< "deployments"
    std::vector<std::string> names;
    std::optional<std::int64_t> replicas{};  ///< only what leaves at most so many
    std::vector<std::string> roles;          ///< whoever has one of them there may approve
    std::vector<std::string> people;         ///< these as well; with neither: everybody else who may do it
    Duration expires = 30min;
};

/// Whether the rule is about this change, whose object is known.
bool covers(const ApprovalRule& rule, const Request& request);

/// "韩梅梅, or the role admin": who is meant by a rule; empty: everybody else who may do it.
std::string approversOf(const ApprovalRule& rule, bool chinese);

}  // namespace klaw::access
