#include "agent/access/access.hpp"

#include <algorithm>

namespace klaw::access {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

bool covers(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() || matchesAny(patterns, text);
}

/// With namespaces, what is of none is outside.
bool coversNamespace(const std::vector<std::string>& namespaces, const Place& place) {
    return namespaces.empty() || (!place.ns.empty() && matchesAny(namespaces, place.ns));
}

bool allows(const RoleRule& rule, const Request& request) {
    bool may = matchesAny(rule.may, request.permission) || matchesAny(rule.may, request.verb);
    if (!may) return false;
    bool limited = !(rule.clusters.empty() && rule.namespaces.empty() && rule.resources.empty() && rule.names.empty());
    // Without a place only reading is meant: the list of alerts, help.
    if (!request.place) return !limited || request.permission == "read";
    const auto& place = *request.place;
    if (!covers(rule.clusters, place.cluster) || !coversNamespace(rule.namespaces, place)) return false;
    return place.open || (covers(rule.resources, place.resource) && covers(rule.names, place.name));
}

bool reaches(const Binding& binding, const Request& request) {
    bool limited = !binding.clusters.empty() || !binding.namespaces.empty();
    if (!request.place) return !limited || request.permission == "read";
    return covers(binding.clusters, request.place->cluster) && coversNamespace(binding.namespaces, *request.place);
}

std::string placeText(const Request& request) {
    if (!request.place) return {};
    const auto& place = *request.place;
    auto object = place.name.empty() ? std::string() : " on " + place.resource + "/" + place.name;
    return object + " in " + (place.ns.empty() ? "" : "namespace " + place.ns + " of ") + "cluster " + place.cluster;
}

std::string whyAllowed(const Binding& binding, bool person) {
    auto who = !person                ? std::string("whoever writes in this chat")
               : binding.name.empty() ? binding.identities.front()
                                      : binding.name;
    auto source = binding.grant.empty() ? std::string() : " by grant " + binding.grant;
    auto end = binding.until ? " until " + formatRfc3339(*binding.until) : std::string();
    return who + " has the role \"" + binding.role + "\"" + source + end;
}

}  // namespace

Policy::Policy(std::vector<Binding> bindings, std::vector<Role> roles)
    : bindings_(std::move(bindings)), roles_(builtInRoles()) {
    std::ranges::move(roles, std::back_inserter(roles_));
}

bool Policy::grants(const Binding& binding, const Request& request) const {
    const auto* held = role(binding.role);
    auto allowsIt = [&](const RoleRule& rule) { return allows(rule, request); };
    return held && reaches(binding, request) && std::ranges::any_of(held->rules, allowsIt);
}

Decision Policy::decide(const Request& request, TimePoint now) const {
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size())
        return {true, "holds the token of this agent"};
    auto colon = request.identity.find(':');
    if (colon == std::string::npos || colon + 1 == request.identity.size())
        return {false, "nobody vouches for who is asking"};
    for (const auto& binding : bindings_) {
        bool person = contains(binding.identities, request.identity);
        bool inChat = !request.chat.empty() && contains(binding.chats, request.chat);
        bool holds = !binding.until || now < *binding.until;
        if ((person || inChat) && holds && grants(binding, request)) return {true, whyAllowed(binding, person)};
    }
    return {false, request.identity + " has no role that allows \"" + request.verb + "\"" + placeText(request) +
                       ": an administrator can give one under `access` in the configuration, or for a while with "
                       "`grant`"};
}

std::string Policy::nameOf(std::string_view identity) const {
    for (const auto& binding : bindings_)
        if (contains(binding.identities, identity)) return binding.name;
    return {};
}

std::vector<std::string> Policy::identitiesOf(std::string_view person) const {
    std::vector<std::string> identities;
    for (const auto& binding : bindings_)
        if (binding.name == person && !person.empty())
            for (const auto& identity : binding.identities)
                if (!contains(identities, identity)) identities.push_back(identity);
    bool isIdentity = person.starts_with("feishu:") || person.starts_with("dingtalk:");
    if (identities.empty() && isIdentity) identities.emplace_back(person);
    return identities;
}

const Role* Policy::role(std::string_view name) const {
    auto found = std::ranges::find(roles_, name, &Role::name);
    return found == roles_.end() ? nullptr : &*found;
}

}  // namespace klaw::access
