#include "agent/access/approval_rule.hpp"

namespace klaw::access {

bool covers(const ApprovalRule& rule, const Request& request) {
    bool meant = matchesAny(rule.verbs, request.verb) || matchesAny(rule.verbs, request.permission) ||
                 (!request.command.empty() && matchesAny(rule.verbs, request.command));
    if (!meant) return false;
    if (rule.replicas && (!request.replicas || *request.replicas > *rule.replicas)) return false;
    auto place = request.place.value_or(Place());
    auto fits = [](const std::vector<std::string>& patterns, std::string_view text) {
        return patterns.empty() || matchesAny(patterns, text);
    };
    bool inNamespace = rule.namespaces.empty() || (!place.ns.empty() && matchesAny(rule.namespaces, place.ns));
    return fits(rule.clusters, place.cluster) && inNamespace && fits(rule.resources, place.resource) &&
           fits(rule.names, place.name);
}

std::string approversOf(const ApprovalRule& rule, bool chinese) {
    std::string text;
    auto add = [&](const std::string& who) { text += (text.empty() ? "" : chinese ? "、" : ", ") + who; };
    for (const auto& person : rule.people) add(person);
    for (const auto& role : rule.roles) add((chinese ? "角色 " : "the role ") + role);
    return text;
}

}  // namespace klaw::access
