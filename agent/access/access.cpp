#include "agent/access/access.hpp"

#include <algorithm>

namespace klaw::access {
namespace {

bool grants(Role role, std::string_view permission) {
    switch (role) {
        case Role::Viewer:
            return permission == "read";
        case Role::Operator:
            return permission == "read" || permission == "alerts" || permission == "workloads";
        case Role::Admin:
            return true;
    }
    return false;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

/// `*` stands for any characters, none included.
bool matches(std::string_view pattern, std::string_view text) {
    auto star = pattern.find('*');
    if (star == pattern.npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    auto rest = pattern.substr(star + 1);
    for (auto from = star; from <= text.size(); ++from)
        if (matches(rest, text.substr(from))) return true;
    return false;
}

bool covers(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() ||
           std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, text); });
}

/// Without a place only reading is meant: the list of alerts, help.
bool reaches(const Binding& binding, const Request& request) {
    bool limited = !binding.clusters.empty() || !binding.namespaces.empty();
    if (!request.place) return !limited || request.permission == "read";
    bool named = binding.namespaces.empty() || !request.place->ns.empty();
    return named && covers(binding.clusters, request.place->cluster) && covers(binding.namespaces, request.place->ns);
}

std::string placeText(const Request& request) {
    if (!request.place) return {};
    auto ns = request.place->ns.empty() ? std::string() : "namespace " + request.place->ns + " of ";
    return " in " + ns + "cluster " + request.place->cluster;
}

}  // namespace

std::string_view toString(Role role) {
    switch (role) {
        case Role::Viewer:
            return "viewer";
        case Role::Operator:
            return "operator";
        case Role::Admin:
            return "admin";
    }
    return "admin";
}

Role lowestRole(std::string_view permission) {
    for (auto role : {Role::Viewer, Role::Operator})
        if (grants(role, permission)) return role;
    return Role::Admin;
}

std::optional<Role> roleFromString(std::string_view text) {
    if (text == "viewer") return Role::Viewer;
    if (text == "operator") return Role::Operator;
    if (text == "admin") return Role::Admin;
    return std::nullopt;
}

Decision Policy::decide(const Request& request) const {
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size())
        return {true, "holds the token of this agent"};
    auto colon = request.identity.find(':');
    if (colon == std::string::npos || colon + 1 == request.identity.size())
        return {false, "nobody vouches for who is asking"};
    for (const auto& binding : bindings_) {
        bool person = contains(binding.identities, request.identity);
        bool inChat = !request.chat.empty() && contains(binding.chats, request.chat);
        if ((person || inChat) && grants(binding.role, request.permission) && reaches(binding, request))
            return {true, person ? "has a role" : "the chat has a role"};
    }
    return {false, request.identity + " has no role that allows \"" + request.verb + "\"" + placeText(request) +
                       ": an administrator can give one under `access` in the configuration"};
}

std::string Policy::nameOf(std::string_view identity) const {
    for (const auto& binding : bindings_)
        if (contains(binding.identities, identity)) return binding.name;
    return {};
}

}  // namespace klaw::access
