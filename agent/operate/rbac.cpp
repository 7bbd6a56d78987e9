#include "agent/operate/rbac.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

constexpr std::pair<std::string_view, RbacProfile> profiles[] = {
    {"readonly", RbacProfile::ReadOnly}, {"operator", RbacProfile::Operator}, {"full", RbacProfile::Full}};

std::string_view profileWord(const RbacPart& part) {
    for (const auto& [name, profile] : profiles)
        if (part.from == profile) return name;
    return "none";
}

Error unknownPart(const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& part : rbacParts()) known.push_back(part.name);
    auto near = rules::nearest(name, known);
    return Error(ErrorCode::InvalidArgument, "there is no part \"" + name + "\"", {},
                 near ? "did you mean " + std::string(*near) + "?" : fmt::format("one of {}", fmt::join(known, ", ")));
}

Result<void> checkNames(const std::vector<std::string>& names) {
    for (const auto& name : names)
        if (!findRbacPart(name)) return fail(unknownPart(name));
    return {};
}

/// `get, list, watch` as people write them, not by the alphabet.
std::size_t rankOf(std::string_view verb) {
    constexpr std::string_view order[] = {"get", "list", "watch", "create", "update", "patch", "delete", "impersonate"};
    return static_cast<std::size_t>(std::ranges::find(order, verb) - std::begin(order));
}

struct EarlierVerb {
    bool operator()(std::string_view a, std::string_view b) const {
        return std::pair(rankOf(a), a) < std::pair(rankOf(b), b);
    }
};
using Verbs = std::set<std::string_view, EarlierVerb>;

std::string listOf(const std::vector<std::string_view>& words) {
    auto shown = [](std::string_view word) {
        return word.empty() || word == "*" ? "\"" + std::string(word) + "\"" : std::string(word);
    };
    std::string text;
    for (auto word : words) text += (text.empty() ? "" : ", ") + shown(word);
    return "[" + text + "]";
}

std::string ruleLine(const PolicyRule& rule) {
    return fmt::format("apiGroups: {}, resources: {}, verbs: {}", listOf({rule.group}), listOf(rule.resources),
                       listOf(rule.verbs));
}

std::string ruleEntry(const PolicyRule& rule, const std::string& restriction = {}) {
    return fmt::format("  - apiGroups: {}\n    resources: {}\n{}    verbs: {}\n", listOf({rule.group}),
                       listOf(rule.resources), restriction, listOf(rule.verbs));
}

}  // namespace

std::optional<RbacProfile> rbacProfileFromString(std::string_view text) {
    for (const auto& [name, profile] : profiles)
        if (name == text) return profile;
    return std::nullopt;
}

const RbacPart* findRbacPart(std::string_view name) {
    auto found = std::ranges::find(rbacParts(), name, &RbacPart::name);
    return found == rbacParts().end() ? nullptr : &*found;
}

Result<std::vector<const RbacPart*>> rbacPartsOf(RbacProfile profile, const std::vector<std::string>& with,
                                                 const std::vector<std::string>& without) {
    for (const auto* names : {&with, &without})
        if (auto fine = checkNames(*names); !fine) return fail(std::move(fine).error());
    std::vector<const RbacPart*> parts;
    for (const auto& part : rbacParts()) {
        bool wanted = (part.from && *part.from <= profile) || std::ranges::find(with, part.name) != with.end();
        if (wanted && std::ranges::find(without, part.name) == without.end()) parts.push_back(&part);
    }
    return parts;
}

Result<std::vector<const RbacPart*>> rbacPartsNamed(const std::vector<std::string>& names) {
    if (auto fine = checkNames(names); !fine) return fail(std::move(fine).error());
    std::vector<const RbacPart*> parts;
    for (const auto& part : rbacParts())
        if (std::ranges::find(names, part.name) != names.end()) parts.push_back(&part);
    return parts;
}

std::vector<PolicyRule> policyRulesOf(const std::vector<const RbacPart*>& parts) {
    std::map<std::pair<std::string_view, std::string_view>, Verbs> verbsOf;
    std::set<std::pair<std::string_view, std::string_view>> ofCluster;
    for (const auto* part : parts)
        for (const auto& rule : part->rules)
            for (auto resource : rule.resources) {
                verbsOf[{rule.group, resource}].insert(rule.verbs.begin(), rule.verbs.end());
                if (rule.ofCluster) ofCluster.insert({rule.group, resource});
            }
    std::vector<PolicyRule> rules;
    for (const auto& [what, verbs] : verbsOf) {
        PolicyRule wanted{what.first, {what.second}, {verbs.begin(), verbs.end()}, ofCluster.contains(what)};
        auto alike = std::ranges::find_if(rules, [&](const PolicyRule& rule) {
            return rule.group == wanted.group && rule.verbs == wanted.verbs && rule.ofCluster == wanted.ofCluster;
        });
        if (alike == rules.end())
            rules.push_back(std::move(wanted));
        else
            alike->resources.push_back(what.second);
    }
    return rules;
}

std::string clusterRole(std::string_view name, const std::vector<PolicyRule>& rules) {
    auto text =
        fmt::format("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {}\nrules:{}\n",
                    name, rules.empty() ? " []" : "");
    for (const auto& rule : rules) text += ruleEntry(rule);
    return text;
}

std::string leaseRole(std::string_view name, std::string_view ns, std::string_view lease, bool shares) {
    auto text = fmt::format(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {}\n  namespace: {}\nrules:\n", name,
        ns);
    for (const auto& rule : leaseRules())
        text += ruleEntry(rule, rule.named ? fmt::format("    resourceNames: {}\n", listOf({lease})) : "");
    if (shares)
        for (const auto& rule : memberRules()) text += ruleEntry(rule);
    return text;
}

std::string rbacTable() {
    std::string text =
        "# What Klaw needs of the Kubernetes API, by purpose and by command. Generated by `klaw access rbac --table`\n"
        "# from agent/operate/rbac_parts.cpp; a unit test holds it current. `profile: none` is granted on request "
        "only.\n";
    for (const auto& part : rbacParts()) {
        text += fmt::format("{}:\n  purpose: \"{}\"\n  profile: {}\n  changes: {}\n  rules:\n", part.name, part.purpose,
                            profileWord(part), part.changes);
        for (const auto& rule : part.rules)
            text += fmt::format("    - {{{}{}}}\n", ruleLine(rule), rule.ofCluster ? ", ofCluster: true" : "");
    }
    text += "# Of replicas, in the namespace of their Lease; `named` by its name.\nleadership:\n  rules:\n";
    for (const auto& rule : leaseRules())
        text += fmt::format("    - {{{}{}}}\n", ruleLine(rule), rule.named ? ", named: true" : "");
    text += "  share:\n";
    for (const auto& rule : memberRules()) text += fmt::format("    - {{{}}}\n", ruleLine(rule));
    return text;
}

}  // namespace klaw::operate
