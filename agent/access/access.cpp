#include "agent/access/access.hpp"

#include <algorithm>

namespace klaw::access {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

bool haveCommon(const std::vector<std::string>& some, const std::vector<std::string>& others) {
    return std::ranges::any_of(some, [&](const std::string& item) { return contains(others, item); });
}

std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
    return text;
}

bool covers(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() || matchesAny(patterns, text);
}

/// With namespaces, what is of none is outside.
bool coversNamespace(const std::vector<std::string>& namespaces, const Place& place) {
    return namespaces.empty() || (!place.ns.empty() && matchesAny(namespaces, place.ns));
}

bool limited(const RoleRule& rule) {
    return !(rule.clusters.empty() && rule.namespaces.empty() && rule.resources.empty() && rule.names.empty());
}

bool allows(const RoleRule& rule, const Request& request) {
    bool may = matchesAny(rule.may, request.permission) || matchesAny(rule.may, request.verb);
    if (!may) return false;
    // Without a place only reading is meant: the list of alerts, help.
    if (!request.place) return !limited(rule) || request.permission == "read";
    const auto& place = *request.place;
    if (!covers(rule.clusters, place.cluster) || !coversNamespace(rule.namespaces, place)) return false;
    return place.open || (covers(rule.resources, place.resource) && covers(rule.names, place.name));
}

bool reaches(const Binding& binding, const Request& request) {
    bool limited = !binding.clusters.empty() || !binding.namespaces.empty();
    if (!request.place) return !limited || request.permission == "read";
    return covers(binding.clusters, request.place->cluster) && coversNamespace(binding.namespaces, *request.place);
}

/// What it asks for, and to read what there is for it.
bool allowsEverywhere(const Role& role, const Request& request) {
    auto somewhere = [&](std::string_view permission, std::string_view verb) {
        return std::ranges::any_of(role.rules, [&](const RoleRule& rule) {
            return !limited(rule) && (matchesAny(rule.may, permission) || matchesAny(rule.may, verb));
        });
    };
    return somewhere(request.permission, request.verb) && somewhere("read", "read");
}

bool mayEverything(const Role& role) {
    return std::ranges::any_of(role.rules,
                               [](const RoleRule& rule) { return !limited(rule) && contains(rule.may, "*"); });
}

/// In some place.
bool mayAllow(const Role& role, const Request& request) {
    return std::ranges::any_of(role.rules, [&](const RoleRule& rule) {
        return matchesAny(rule.may, request.permission) || matchesAny(rule.may, request.verb) ||
               matchesAny(rule.may, "read");
    });
}

std::string placeText(const Request& request) {
    if (!request.place) return {};
    const auto& place = *request.place;
    auto object = place.name.empty() ? std::string() : " on " + place.resource + "/" + place.name;
    return object + " in " + (place.ns.empty() ? "" : "namespace " + place.ns + " of ") + "cluster " + place.cluster;
}

bool holds(const Binding& binding, TimePoint now) {
    return !binding.until || now < *binding.until;
}

enum class By { Person, Chat, Department };

std::optional<By> meantBy(const Binding& binding, const Request& request) {
    if (contains(binding.identities, request.identity)) return By::Person;
    if (!request.chat.empty() && contains(binding.chats, request.chat)) return By::Chat;
    if (haveCommon(binding.departments, request.membership.departments)) return By::Department;
    return std::nullopt;
}

std::string whyAllowed(const Binding& binding, By by) {
    auto who = by == By::Chat         ? std::string("whoever writes in this chat")
               : by == By::Department ? "whoever is in " + listed(binding.departments)
               : binding.name.empty() ? binding.identities.front()
                                      : binding.name;
    auto source = binding.grant.empty() ? std::string() : " by grant " + binding.grant;
    auto end = binding.until ? " until " + formatRfc3339(*binding.until) : std::string();
    return who + " has the role \"" + binding.role + "\"" + source + end;
}

/// Klaw's own state is no part of a cluster.
bool changesCluster(std::string_view permission) {
    for (std::string_view other : {"read", "alerts", "access", "rules", "clusters", "audit", "security"})
        if (permission == other) return false;
    return true;
}

}  // namespace

Policy::Policy(std::vector<Binding> bindings, std::vector<Role> roles, std::set<std::string, std::less<>> readOnly)
    : bindings_(std::move(bindings)), roles_(builtInRoles()), readOnly_(std::move(readOnly)) {
    std::ranges::move(roles, std::back_inserter(roles_));
}

bool Policy::grants(const Binding& binding, const Request& request) const {
    const auto* held = role(binding.role);
    auto allowsIt = [&](const RoleRule& rule) { return allows(rule, request); };
    return held && reaches(binding, request) && std::ranges::any_of(held->rules, allowsIt);
}

Decision Policy::decide(const Request& request, TimePoint now) const {
    if (request.place && !request.reads && changesCluster(request.permission) &&
        readOnly_.contains(request.place->cluster))
        return {false, "the cluster " + request.place->cluster + " is read-only"};
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size())
        return {true, "holds the token of this agent"};
    auto colon = request.identity.find(':');
    if (colon == std::string::npos || colon + 1 == request.identity.size())
        return {false, "nobody vouches for who is asking"};
    for (const auto& binding : bindings_) {
        auto by = meantBy(binding, request);
        if (by && holds(binding, now) && grants(binding, request)) return {true, whyAllowed(binding, *by)};
    }
    auto permission =
        request.permission == request.verb ? std::string() : " (permission \"" + request.permission + "\")";
    auto what = " that allows \"" + request.verb + "\"" + placeText(request) + permission;
    if (!request.membership.unknown.empty() && !departmentsFor(request, now).empty())
        return {false,
                request.identity + " has no role of their own" + what +
                    ", and it could not be found out which departments they are in: " + request.membership.unknown};
    return {false, request.identity + " has no role" + what +
                       ": an administrator can give one under `access` in the configuration, or for a while with "
                       "`grant`"};
}

std::vector<std::string> Policy::groupsOf(const Request& request, TimePoint now) const {
    std::set<std::string> groups;
    for (const auto& binding : bindings_) {
        if (!meantBy(binding, request) || !holds(binding, now) || !reaches(binding, request)) continue;
        groups.insert(binding.groups.begin(), binding.groups.end());
        if (const auto* held = role(binding.role)) groups.insert(held->groups.begin(), held->groups.end());
    }
    return {groups.begin(), groups.end()};
}

bool Policy::isAdministrator(const Request& request, TimePoint now) const {
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size()) return true;
    return std::ranges::any_of(bindings_, [&](const Binding& binding) {
        const auto* held = role(binding.role);
        bool everywhere = binding.clusters.empty() && binding.namespaces.empty();
        return held && everywhere && mayEverything(*held) && meantBy(binding, request) && holds(binding, now);
    });
}

bool Policy::namesDepartments(std::string_view platform) const {
    auto isOfPlatform = [prefix = departmentPrefix(platform)](const std::string& id) { return id.starts_with(prefix); };
    return std::ranges::any_of(
        bindings_, [&](const Binding& binding) { return std::ranges::any_of(binding.departments, isOfPlatform); });
}

bool Policy::departmentsMatter(const Request& request, TimePoint now) const {
    auto prefix = departmentPrefix(request.identity.substr(0, request.identity.find(':')));
    // Who gives a role needs what they give: that is seen later.
    bool gives = request.permission == "access";
    bool matters = false;
    for (const auto& binding : bindings_) {
        const auto* held = holds(binding, now) ? role(binding.role) : nullptr;
        if (!held) continue;
        // What a cluster allows may rest on the groups of a department, whatever else they have here.
        bool givesGroups = !binding.groups.empty() || !held->groups.empty();
        auto isOfPlatform = [&](const std::string& department) { return department.starts_with(prefix); };
        if (givesGroups && std::ranges::any_of(binding.departments, isOfPlatform)) return true;
    }
    for (const auto& binding : bindings_) {
        const auto* held = holds(binding, now) ? role(binding.role) : nullptr;
        if (!held) continue;
        bool own = contains(binding.identities, request.identity) ||
                   (!request.chat.empty() && contains(binding.chats, request.chat));
        bool everywhere = binding.clusters.empty() && binding.namespaces.empty();
        if (own && everywhere && allowsEverywhere(*held, request) && !(gives && !mayEverything(*held))) return false;
        auto ofPlatform = [&](const std::string& department) { return department.starts_with(prefix); };
        matters |= std::ranges::any_of(binding.departments, ofPlatform) && (gives || mayAllow(*held, request));
    }
    return matters;
}

bool Policy::allowsSomewhere(const Request& request, TimePoint now) const {
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size()) return true;
    auto mayThere = [&](const RoleRule& rule) {
        return matchesAny(rule.may, request.permission) || matchesAny(rule.may, request.verb);
    };
    return std::ranges::any_of(bindings_, [&](const Binding& binding) {
        const auto* held = meantBy(binding, request) && holds(binding, now) ? role(binding.role) : nullptr;
        return held && std::ranges::any_of(held->rules, mayThere);
    });
}

std::vector<std::string> Policy::departmentsFor(const Request& request, TimePoint now) const {
    auto prefix = departmentPrefix(request.identity.substr(0, request.identity.find(':')));
    std::vector<std::string> departments;
    for (const auto& binding : bindings_)
        for (const auto& department : binding.departments) {
            bool open = department.starts_with(prefix) && !contains(departments, department);
            if (open && holds(binding, now) && grants(binding, request)) departments.push_back(department);
        }
    return departments;
}

std::string Policy::nameOf(std::string_view identity) const {
    auto names = namesOf(identity);
    return names.empty() ? std::string() : std::move(names.front());
}

std::vector<std::string> Policy::namesOf(std::string_view identity) const {
    std::vector<std::string> names;
    for (const auto& binding : bindings_) {
        bool named = !binding.name.empty() && contains(binding.identities, identity);
        if (named && !contains(names, binding.name)) names.push_back(binding.name);
    }
    return names;
}

bool Policy::samePerson(std::string_view identity, std::string_view other) const {
    if (identity == other) return true;
    if (identity.starts_with(localPrefix) && other.starts_with(localPrefix)) return true;
    return haveCommon(namesOf(identity), namesOf(other));
}

std::vector<std::string> Policy::rolesOf(const Request& request, TimePoint now) const {
    std::vector<std::string> roles;
    for (const auto& binding : bindings_)
        if (meantBy(binding, request) && holds(binding, now) && reaches(binding, request) &&
            !contains(roles, binding.role))
            roles.push_back(binding.role);
    return roles;
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

std::string departmentPrefix(std::string_view platform) {
    return std::string(platform) + "_department:";
}

bool isDepartment(std::string_view subject) {
    auto isOf = [&](std::string_view platform) {
        auto prefix = departmentPrefix(platform);
        return subject.starts_with(prefix) && subject.size() > prefix.size();
    };
    return isOf("feishu") || isOf("dingtalk");
}

const Role* Policy::role(std::string_view name) const {
    auto found = std::ranges::find(roles_, name, &Role::name);
    return found == roles_.end() ? nullptr : &*found;
}

}  // namespace klaw::access
