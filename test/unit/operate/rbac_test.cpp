#include "agent/operate/rbac.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "agent/security/auditor.hpp"

namespace klaw::operate {
namespace {

constexpr auto tableFile = KLAW_SOURCE_DIR "/chart/files/rbac.yaml";

std::string nameOf(const Verb& verb) {
    std::string name(verb.name);
    std::ranges::replace(name, ' ', '-');
    return name;
}

std::string groupOf(std::string_view api) {
    constexpr std::string_view groups = "/apis/";
    if (!api.starts_with(groups)) return {};
    api.remove_prefix(groups.size());
    return std::string(api.substr(0, api.find('/')));
}

bool grants(const std::vector<PolicyRule>& rules, std::string_view group, std::string_view resource,
            std::string_view verb) {
    return std::ranges::any_of(rules, [&](const PolicyRule& rule) {
        return rule.group == group && std::ranges::find(rule.resources, resource) != rule.resources.end() &&
               std::ranges::find(rule.verbs, verb) != rule.verbs.end();
    });
}

std::vector<PolicyRule> rulesOf(RbacProfile profile) {
    return policyRulesOf(rbacPartsOf(profile, {}, {}).value());
}

TEST(Rbac, EveryCommandThatChangesSomethingHasAPartOrNeedsNone) {
    auto without = commandsWithoutRbac();
    for (const auto& verb : catalogue()) {
        if (!verb.changes) continue;
        bool needsNone = std::ranges::find(without, verb.name) != without.end();
        EXPECT_NE(findRbacPart(nameOf(verb)) != nullptr, needsNone)
            << verb.name << ": say in agent/operate/rbac_parts.cpp what it needs, once";
        EXPECT_FALSE(needsNone && verb.plan) << verb.name << " changes a cluster";
    }
    for (auto name : without) EXPECT_TRUE(findVerb(name) && findVerb(name)->changes) << name;
}

TEST(Rbac, EveryPartThatChangesSomethingIsACommand) {
    for (const auto& part : rbacParts()) {
        bool ofSecrets = part.name == "secrets-change";  // of four commands
        if (!part.changes || ofSecrets) continue;
        EXPECT_TRUE(std::ranges::any_of(catalogue(), [&](const Verb& verb) { return nameOf(verb) == part.name; }))
            << part.name;
    }
}

TEST(Rbac, WhatCommandsListCanBeRead) {
    const auto& rules = findRbacPart("read")->rules;
    for (const auto& kind : resourceKinds()) {
        auto path = pathOf(kind, "");
        auto resource = path.substr(path.rfind('/') + 1);
        bool secret = resource == "secrets";
        for (auto verb : {"get", "list"}) EXPECT_EQ(grants(rules, groupOf(kind.api), resource, verb), !secret) << path;
    }
}

TEST(Rbac, WhatTheSecurityAuditListsCanBeReadButSecrets) {
    const auto& rules = findRbacPart("cluster-audit")->rules;
    for (const auto& kind : security::auditedKinds()) {
        bool secret = kind.resource == "secrets";
        EXPECT_EQ(grants(rules, groupOf(kind.api), kind.resource, "list"), !secret) << kind.resource;
    }
}

TEST(Rbac, ReadOnlyChangesNothingAndSeesNeitherSecretsNorKubelets) {
    for (const auto& rule : rulesOf(RbacProfile::ReadOnly)) {
        for (auto verb : rule.verbs) EXPECT_TRUE(verb == "get" || verb == "list" || verb == "watch") << verb;
        for (auto resource : rule.resources)
            EXPECT_TRUE(resource != "secrets" && resource != "nodes/proxy" && resource != "*") << resource;
    }
}

TEST(Rbac, NoProfileHasSecretsKubeletsOrEverything) {
    for (const auto& rule : rulesOf(RbacProfile::Full)) {
        bool ofProviders = rule.group.ends_with(".cluster.x-k8s.io");  // templates of clusters name their kinds
        for (auto resource : rule.resources) {
            EXPECT_TRUE(resource != "secrets" && resource != "nodes/proxy" && resource != "pods/exec") << resource;
            EXPECT_TRUE(resource != "*" || ofProviders) << rule.group;
        }
    }
}

TEST(Rbac, AProfileHasWhatTheOnesBeforeItHave) {
    auto of = [](RbacProfile profile) { return rbacPartsOf(profile, {}, {}).value(); };
    auto readOnly = of(RbacProfile::ReadOnly), operating = of(RbacProfile::Operator), full = of(RbacProfile::Full);
    for (const auto* part : readOnly) EXPECT_NE(std::ranges::find(operating, part), operating.end()) << part->name;
    for (const auto* part : operating) EXPECT_NE(std::ranges::find(full, part), full.end()) << part->name;
    EXPECT_TRUE(std::ranges::none_of(readOnly, &RbacPart::changes));
}

TEST(Rbac, PartsAreAddedAndLeftOutByName) {
    auto parts = rbacPartsOf(RbacProfile::ReadOnly, {"scale", "secrets"}, {"logs"}).value();
    auto has = [&](std::string_view name) { return std::ranges::find(parts, name, &RbacPart::name) != parts.end(); };
    EXPECT_TRUE(has("scale") && has("secrets") && has("watch"));
    EXPECT_FALSE(has("logs") || has("restart"));
    auto wrong = rbacPartsOf(RbacProfile::ReadOnly, {"scael"}, {});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().describe().find("did you mean scale?"), std::string::npos) << wrong.error().describe();
}

TEST(Rbac, EachResourceStandsInOneRuleWithAllItsVerbs) {
    auto rules = policyRulesOf(rbacPartsNamed({"watch", "read", "scale"}).value());
    EXPECT_TRUE(grants(rules, "apps", "deployments", "watch") && grants(rules, "apps", "deployments", "patch"));
    std::vector<std::pair<std::string_view, std::string_view>> seen;
    for (const auto& rule : rules)
        for (auto resource : rule.resources) seen.emplace_back(rule.group, resource);
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST(Rbac, AClusterRoleIsWhatKubectlTakes) {
    EXPECT_EQ(clusterRole("klaw", policyRulesOf(rbacPartsNamed({"logs", "pause"}).value())),
              "apiVersion: rbac.authorization.k8s.io/v1\n"
              "kind: ClusterRole\n"
              "metadata:\n"
              "  name: klaw\n"
              "rules:\n"
              "  - apiGroups: [\"\"]\n"
              "    resources: [pods/log]\n"
              "    verbs: [get]\n"
              "  - apiGroups: [apps]\n"
              "    resources: [deployments]\n"
              "    verbs: [get, patch]\n");
}

TEST(Rbac, TheLeaseOfReplicasIsGrantedByItsNameInItsNamespace) {
    EXPECT_EQ(leaseRole("klaw-lease", "ops", "klaw", false),
              "apiVersion: rbac.authorization.k8s.io/v1\n"
              "kind: Role\n"
              "metadata:\n"
              "  name: klaw-lease\n"
              "  namespace: ops\n"
              "rules:\n"
              "  - apiGroups: [coordination.k8s.io]\n"
              "    resources: [leases]\n"
              "    verbs: [create]\n"
              "  - apiGroups: [coordination.k8s.io]\n"
              "    resources: [leases]\n"
              "    resourceNames: [klaw]\n"
              "    verbs: [get, update]\n");
}

TEST(Rbac, MembersWriteLeasesOfNamesThatNobodyKnows) {
    EXPECT_EQ(leaseRole("klaw-lease", "ops", "klaw", true), leaseRole("klaw-lease", "ops", "klaw", false) +
                                                                "  - apiGroups: [coordination.k8s.io]\n"
                                                                "    resources: [leases]\n"
                                                                "    verbs: [list, create, update, delete]\n");
}

/// KLAW_UPDATE_GOLDEN=1 writes it anew.
TEST(Rbac, TheTableOfTheChartIsCurrent) {
    auto table = rbacTable();
    if (std::getenv("KLAW_UPDATE_GOLDEN")) std::ofstream(tableFile) << table;
    std::ifstream in(tableFile);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), table);
}

}  // namespace
}  // namespace klaw::operate
