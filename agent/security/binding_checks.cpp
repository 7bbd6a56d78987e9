// Who has which role, and which workloads hold what they should not.
#include <algorithm>

#include "agent/security/check.hpp"

namespace klaw::security {
namespace {

using Binding = Inventory::Binding;
using Bound = Inventory::BoundSubject;

std::string roleOf(const Binding& binding) {
    return binding.roleKind + " " + binding.role;
}

/// But for those who have the role from Kubernetes itself.
void findSubjects(const Inventory& inventory, const Report& report,
                  bool (*isRisk)(const Inventory&, const Binding&, const Bound&)) {
    for (const auto& binding : inventory.bindings)
        for (const auto& subject : binding.subjects)
            if (!subject.shipped && isRisk(inventory, binding, subject))
                report(binding.subject).add("subjects", subject.text() + " has " + roleOf(binding));
}

/// kubeadm lets everybody read how a node may join, which is public.
bool isAnonymous(const Inventory&, const Binding& binding, const Bound& subject) {
    bool nobody = (subject.kind == "User" && subject.name == "system:anonymous") ||
                  (subject.kind == "Group" && subject.name == "system:unauthenticated");
    bool isHowToJoin = binding.roleKind == "Role" && binding.role == "kubeadm:bootstrap-signer-clusterinfo" &&
                       binding.subject.ns == "kube-public";
    return nobody && !isHowToJoin;
}

bool isEverybody(const Inventory&, const Binding&, const Bound& subject) {
    return subject.kind == "Group" && subject.name == "system:authenticated";
}

bool isMasters(const Inventory&, const Binding&, const Bound& subject) {
    return subject.kind == "Group" && subject.name == "system:masters";
}

bool isAdministrator(const Inventory& inventory, const Binding& binding, const Bound&) {
    return grantsEverything(inventory, binding);
}

// Service accounts are users and groups by these names, too:
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
constexpr std::string_view asUser = "system:serviceaccount:", allOfCluster = "system:serviceaccounts",
                           allOfNamespace = "system:serviceaccounts:";

bool isDefaultAccount(const Inventory&, const Binding&, const Bound& subject) {
    if (subject.kind == "ServiceAccount") return subject.name == "default";
    if (subject.kind == "User") return subject.name.starts_with(asUser) && subject.name.ends_with(":default");
    return subject.kind == "Group" && (subject.name == allOfCluster || subject.name.starts_with(allOfNamespace));
}

/// The service account of the workload is the subject, or one of the group.
bool isOf(const Bound& subject, const Inventory::Workload& workload) {
    const auto& ns = workload.subject.ns;
    if (subject.kind == "ServiceAccount") return subject.name == workload.account && subject.ns == ns;
    if (!subject.name.starts_with("system:")) return false;
    if (subject.kind == "User") return subject.name == std::string(asUser) + ns + ":" + workload.account;
    return subject.kind == "Group" && (subject.name == "system:authenticated" || subject.name == allOfCluster ||
                                       subject.name == std::string(allOfNamespace) + ns);
}

/// What somebody who gets into the workload could do.
std::string takeoverBy(const Inventory& inventory, const Binding& binding) {
    static constexpr std::string_view takeovers[] = {
        "role-escalate", "role-bind",       "role-impersonate", "role-read-secrets",  "role-create-pods",
        "role-pod-exec", "role-node-proxy", "role-webhooks",    "role-create-tokens", "role-wildcard"};
    if (grantsEverything(inventory, binding)) return "everything";
    auto ns = binding.roleKind == "Role" ? binding.subject.ns : std::string();
    for (const auto& role : inventory.roles) {
        bool same = role.subject.kind == binding.roleKind && role.subject.name == binding.role && role.subject.ns == ns;
        if (!same) continue;
        for (const auto& risk : role.risks)
            if (std::ranges::find(takeovers, risk) != std::end(takeovers)) return risk;
    }
    return {};
}

void workloadsWithPower(const Inventory& inventory, const Report& report) {
    for (const auto& binding : inventory.bindings) {
        auto power = binding.subjects.empty() ? std::string() : takeoverBy(inventory, binding);
        if (power.empty()) continue;
        for (const auto& workload : inventory.workloads)
            for (const auto& subject : binding.subjects)
                if (!inventory.isOfKubernetes(workload.subject.ns) && isOf(subject, workload))
                    report(workload.subject)
                        .add(workload.accountPath, workload.account + " has " + roleOf(binding) + " by " +
                                                       binding.subject.text() + ": " + power);
    }
}

std::optional<bool> automountOf(const Inventory& inventory, const std::string& ns, const std::string& name) {
    auto account = inventory.accounts.find({ns, name});
    return account == inventory.accounts.end() ? std::nullopt : account->second.automount;
}

/// What Kubernetes itself gives to all accounts is no use for a token.
bool hasRole(const Inventory& inventory, const Inventory::Workload& workload) {
    auto isGiven = [&](const Bound& subject) { return !subject.shipped && isOf(subject, workload); };
    return std::ranges::any_of(inventory.bindings,
                               [&](const Binding& binding) { return std::ranges::any_of(binding.subjects, isGiven); });
}

void needlessTokens(const Inventory& inventory, const Report& report) {
    if (!inventory.knowsAllBindings) return;
    for (const auto& workload : inventory.workloads) {
        if (inventory.isOfKubernetes(workload.subject.ns)) continue;
        auto automount =
            workload.automount ? workload.automount : automountOf(inventory, workload.subject.ns, workload.account);
        if (automount.value_or(true) && !hasRole(inventory, workload))
            report(workload.subject)
                .add(workload.automountPath, "not false, and the service account " + workload.account + " has no role");
    }
}

/// Of namespaces where something runs: else nobody uses it.
void automountOfDefault(const Inventory& inventory, const Report& report) {
    for (const auto& [where, account] : inventory.accounts) {
        const auto& [ns, name] = where;
        auto known = inventory.namespaces.find(ns);
        bool used = known != inventory.namespaces.end() && known->second.hasPods;
        if (name != "default" || !used || inventory.isOfKubernetes(ns) || !account.automount.value_or(true)) continue;
        report({"ServiceAccount", ns, name})
            .add("automountServiceAccountToken", account.automount ? "true" : "not set");
    }
}

}  // namespace

std::vector<Check> bindingChecks() {
    std::vector<Check> checks;
    auto add = [&](std::string_view id, Severity severity, rules::LocalizedText title, rules::LocalizedText remedy,
                   std::vector<Reference> references, std::vector<std::string_view> needs,
                   void (*look)(const Inventory&, const Report&)) {
        Check check{id, severity, std::move(title), std::move(remedy), std::move(references), std::move(needs)};
        check.cluster = look;
        checks.push_back(std::move(check));
    };
    std::vector<std::string_view> bindings{"rolebindings", "clusterrolebindings"};
    std::vector<std::string_view> rolesToo{"rolebindings", "clusterrolebindings", "roles", "clusterroles"};
    add("binding-anonymous", Severity::Critical,
        {"Whoever reaches the API server has a role", "未认证的访问者拥有角色"},
        {"Take system:anonymous and system:unauthenticated out of the binding",
         "从绑定中去掉 system:anonymous 与 system:unauthenticated"},
        {owasp("K03"), owasp("K06"), kubescape("C-0262")}, bindings,
        [](const Inventory& inventory, const Report& report) { findSubjects(inventory, report, isAnonymous); });
    add("binding-authenticated", Severity::High, {"Everybody with any account has a role", "任何已认证账户都拥有角色"},
        {"Name the people and service accounts that need it", "改为写明所需的用户与服务账户"},
        {owasp("K03"), kubescape("C-0265")}, bindings,
        [](const Inventory& inventory, const Report& report) { findSubjects(inventory, report, isEverybody); });
    add("binding-masters", Severity::High,
        {"A role is given to system:masters, which no rule ever limits", "角色授予了不受任何规则限制的 system:masters"},
        {"Use a group of your own for administrators", "改用自定义的管理员组"},
        {cis("5.1.7"), owasp("K03"), kubescape("C-0246")}, bindings,
        [](const Inventory& inventory, const Report& report) { findSubjects(inventory, report, isMasters); });
    add("binding-administrator", Severity::High, {"Somebody may do everything", "有主体可执行一切操作"},
        {"Give a role with what is needed; keep cluster-admin for emergencies",
         "授予仅含所需权限的角色，cluster-admin 仅留作应急"},
        {cis("5.1.1"), owasp("K03"), kubescape("C-0035"), kubescape("C-0185")}, rolesToo,
        [](const Inventory& inventory, const Report& report) { findSubjects(inventory, report, isAdministrator); });
    add("binding-default-account", Severity::High,
        {"A default service account, or all service accounts, have a role", "默认服务账户或所有服务账户拥有角色"},
        {"Make a service account for the workload that needs it", "为需要的工作负载单独创建服务账户"},
        {cis("5.1.5"), owasp("K03"), kubescape("C-0189")}, bindings,
        [](const Inventory& inventory, const Report& report) { findSubjects(inventory, report, isDefaultAccount); });
    std::vector<std::string_view> powers{"pods", "rolebindings", "clusterrolebindings", "roles", "clusterroles"};
    add("workload-takeover", Severity::High,
        {"Whoever gets into this workload can take over more: its service account may",
         "攻破该工作负载即可进一步接管：其服务账户权限过大"},
        {"Give its service account a role with what it needs", "为其服务账户授予仅含所需权限的角色"},
        {owasp("K03"), kubescape("C-0267"), kubescape("C-0272")}, powers, workloadsWithPower);
    add("token-mounted", Severity::Low,
        {"Pods hold a token of the API that they have no use for", "Pod 挂载了用不到的 API 令牌"},
        {"Set automountServiceAccountToken to false", "将 automountServiceAccountToken 设为 false"},
        {cis("5.1.6"), nsa("Kubernetes Pod security: Protecting Pod service account tokens"), kubescape("C-0190"),
         kubescape("C-0034")},
        {"pods", "serviceaccounts", "rolebindings", "clusterrolebindings"}, needlessTokens);
    add("default-account-token", Severity::Low,
        {"Pods that name no service account get a token of the default one",
         "未指定服务账户的 Pod 会得到默认账户的令牌"},
        {"Set automountServiceAccountToken of the service account default to false",
         "将 default 服务账户的 automountServiceAccountToken 设为 false"},
        {cis("5.1.5"), kubescape("C-0189")}, {"serviceaccounts", "pods"}, automountOfDefault);
    return checks;
}

}  // namespace klaw::security
