#include "agent/cli/doctor_rights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;
using Json = nlohmann::json;
using Names = std::vector<std::string>;

Names listAt(const Json& rule, const char* key) {
    Names words;
    for (const auto& word : rule.value(key, Json::array()))
        if (word.is_string()) words.push_back(word.get<std::string>());
    return words;
}

/// As RBAC compares: "*" is every one.
bool names(const Names& words, std::string_view wanted) {
    return std::ranges::any_of(words, [&](const std::string& word) { return word == "*" || word == wanted; });
}

/// Also "*/scale", the subresource of every resource.
bool namesResource(const Names& words, std::string_view wanted) {
    auto slash = wanted.find('/');
    auto ofEvery = slash == wanted.npos ? std::string() : "*" + std::string(wanted.substr(slash));
    return names(words, wanted) || (!ofEvery.empty() && std::ranges::find(words, ofEvery) != words.end());
}

struct Granted {
    Names groups, resources, verbs;
};

std::vector<Granted> grantedIn(const Json& rules) {
    std::vector<Granted> granted;
    for (const auto& rule : rules)
        if (rule.is_object() && listAt(rule, "resourceNames").empty())
            granted.push_back({listAt(rule, "apiGroups"), listAt(rule, "resources"), listAt(rule, "verbs")});
    return granted;
}

/// "patch apps/deployments", of what a part needs and is not granted.
Names lackedBy(const operate::RbacPart& part, const std::vector<Granted>& granted) {
    Names lacked;
    for (const auto& need : part.rules)
        for (auto resource : need.resources)
            for (auto verb : need.verbs) {
                bool has = std::ranges::any_of(granted, [&](const Granted& rule) {
                    return names(rule.groups, need.group) && namesResource(rule.resources, resource) &&
                           names(rule.verbs, verb);
                });
                if (!has)
                    lacked.push_back(
                        fmt::format("{} {}{}{}", verb, need.group, need.group.empty() ? "" : "/", resource));
            }
    return lacked;
}

std::string firstOf(const Names& words) {
    constexpr std::size_t most = 5;
    auto shown = std::span(words).first(std::min(words.size(), most));
    return fmt::format("{}{}", fmt::join(shown, ", "),
                       words.size() > most ? fmt::format(" +{}", words.size() - most) : "");
}

void judgeReading(const operate::RbacPart& part, const Names& lacked, const std::string& cluster,
                  DoctorReport& report) {
    report.add(Condition::Warning, "cluster.rights", {"rights in " + cluster, "在 " + cluster + " 的权限"},
               fmt::format("{} ({}): lacks {}", part.purpose, part.name, firstOf(lacked)),
               {"`klaw access rbac` prints the role; what is left out on purpose needs nothing",
                "`klaw access rbac` 打印所需角色；有意不授予的无需处理"});
}

}  // namespace

void judgeRights(const std::string& cluster, const std::string& review, std::span<const operate::RbacPart> parts,
                 DoctorReport& report) {
    Words subject{"rights in " + cluster, "在 " + cluster + " 的权限"};
    auto answer = Json::parse(review, nullptr, false);
    const Json::json_pointer rules("/status/resourceRules"), incomplete("/status/incomplete");
    if (!answer.is_object() || !answer.contains(rules) || !answer[rules].is_array())
        return report.add(Condition::Unknown, "cluster.rights", std::move(subject), "the API server does not tell");
    auto granted = grantedIn(answer[rules]);
    // An authorizer that is no RBAC cannot list what it lets through.
    bool toldAll = !(answer.contains(incomplete) && answer[incomplete] == true);
    Names may;
    bool lacks = false;
    for (const auto& part : parts) {
        auto lacked = lackedBy(part, granted);
        if (part.changes && lacked.empty()) may.emplace_back(part.name);
        bool expected = !part.changes && part.from == operate::RbacProfile::ReadOnly;
        if (!expected || lacked.empty() || !toldAll) continue;
        judgeReading(part, lacked, cluster, report);
        lacks = true;
    }
    auto commands = may.empty() ? std::string("no command that changes the cluster")
                                : fmt::format("of the commands that change the cluster: {}", fmt::join(may, ", "));
    if (!toldAll)
        return report.add(Condition::Unknown, "cluster.rights", std::move(subject),
                          "the API server does not list all of them; at least " + commands);
    if (!lacks || !may.empty()) report.ok("cluster.rights", std::move(subject), commands);
}

}  // namespace klaw::cli
