// What roles allow: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
#include <algorithm>
#include <span>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// One entry of `rules` of a role.
class Rule {
public:
    explicit Rule(const Json& json)
        : verbs_(textsAt(json, "verbs")),
          resources_(textsAt(json, "resources")),
          groups_(textsAt(json, "apiGroups")),
          names_(textsAt(json, "resourceNames")) {}

    bool isEverything() const { return has(verbs_, "*") && has(resources_, "*") && has(groups_, "*"); }
    bool hasWildcard() const { return has(verbs_, "*") || has(resources_, "*"); }
    bool isOfNamedObjects() const { return !names_.empty(); }
    const std::vector<std::string>& names() const { return names_; }
    /// The first of the verbs that it grants on the resource, written out or by `*`.
    std::optional<std::string> grants(std::string_view group, std::string_view resource,
                                      std::span<const std::string_view> verbs) const {
        if (!hasOrAll(groups_, group) || !hasResource(resource)) return std::nullopt;
        for (auto verb : verbs)
            if (hasOrAll(verbs_, verb)) return std::string(verb);
        return std::nullopt;
    }

private:
    static bool has(const std::vector<std::string>& list, std::string_view word) {
        return std::ranges::find(list, word) != list.end();
    }
    static bool hasOrAll(const std::vector<std::string>& list, std::string_view word) {
        return has(list, word) || has(list, "*");
    }
    /// "*/exec" is that subresource of all.
    bool hasResource(std::string_view resource) const {
        auto slash = resource.find('/');
        bool ofAll = slash != resource.npos && has(resources_, "*" + std::string(resource.substr(slash)));
        return ofAll || hasOrAll(resources_, resource);
    }

    std::vector<std::string> verbs_, resources_, groups_, names_;
};

/// What a role must not grant lightly.
struct Risk {
    std::string_view group;
    std::vector<std::string_view> resources, verbs;
    bool alsoNamed = true;                        ///< counts also where the rule is about objects by name
    std::vector<std::string_view> mightyNames{};  ///< of which one is as bad as all
};

/// Of the names that the rule is limited to: " cluster-admin".
std::string mightyNamesOf(const Rule& rule, const Risk& risk) {
    std::string text;
    for (const auto& name : rule.names())
        if (std::ranges::find(risk.mightyNames, name) != risk.mightyNames.end()) text += " " + name;
    return text;
}

void findRisk(const Json& role, const Risk& risk, EvidenceList& found) {
    std::size_t number = 0;
    for (const auto& json : at(role, "rules")) {
        auto where = "rules[" + std::to_string(number++) + "]";
        Rule rule(json);
        auto mighty = mightyNamesOf(rule, risk);
        if (rule.isEverything() || (rule.isOfNamedObjects() && !risk.alsoNamed && mighty.empty())) continue;
        for (auto resource : risk.resources)
            if (auto verb = rule.grants(risk.group, resource, risk.verbs))
                found.add(where, *verb + " " + std::string(resource) + mighty);
    }
}

void everything(const ObjectView& object, EvidenceList& found) {
    std::size_t number = 0;
    for (const auto& json : at(object.json, "rules")) {
        auto where = "rules[" + std::to_string(number++) + "]";
        if (Rule(json).isEverything()) found.add(where, "all verbs on all resources");
    }
}

void wildcards(const ObjectView& object, EvidenceList& found) {
    std::size_t number = 0;
    for (const auto& json : at(object.json, "rules")) {
        auto where = "rules[" + std::to_string(number++) + "]";
        Rule rule(json);
        if (rule.isEverything() || !rule.hasWildcard()) continue;
        for (const char* field : {"verbs", "resources"})
            if (std::ranges::count(textsAt(json, field), "*") > 0) found.add(where + "." + field, "*");
    }
}

constexpr auto rbacGroup = "rbac.authorization.k8s.io";

void escalates(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {rbacGroup, {"roles", "clusterroles"}, {"escalate"}}, found);
}

void binds(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {rbacGroup, {"roles", "clusterroles"}, {"bind"}, false, {"cluster-admin"}}, found);
}

void impersonates(const ObjectView& object, EvidenceList& found) {
    Risk risk{"", {"users", "groups", "serviceaccounts"}, {"impersonate"}, false, {"system:masters"}};
    findRisk(object.json, risk, found);
}

void readsSecrets(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"secrets"}, {"get", "list", "watch"}, false}, found);
}

void createsPods(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"pods"}, {"create"}}, found);
    // Their controllers make Pods of any template.
    const std::vector<std::string_view> writes{"create", "update", "patch"};
    findRisk(object.json, {"", {"replicationcontrollers"}, writes}, found);
    findRisk(object.json, {"apps", {"deployments", "daemonsets", "statefulsets", "replicasets"}, writes}, found);
    findRisk(object.json, {"batch", {"jobs", "cronjobs"}, writes}, found);
}

void executesInPods(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"pods/exec", "pods/attach"}, {"create", "get"}}, found);
    findRisk(object.json, {"", {"pods/ephemeralcontainers"}, {"update", "patch"}}, found);
}

void forwardsPorts(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"pods/portforward"}, {"create", "get"}}, found);
}

void proxiesNodes(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"nodes/proxy"}, {"get", "create", "update", "patch", "delete"}}, found);
}

void createsVolumes(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"persistentvolumes"}, {"create"}}, found);
}

void createsTokens(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"", {"serviceaccounts/token"}, {"create"}, false}, found);
}

void approvesCertificates(const ObjectView& object, EvidenceList& found) {
    findRisk(object.json, {"certificates.k8s.io", {"certificatesigningrequests/approval"}, {"update", "patch"}}, found);
    // Those whose certificates the API server takes for a log-in.
    Risk signing{
        "certificates.k8s.io",
        {"signers"},
        {"approve", "sign"},
        false,
        {"kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"}};
    findRisk(object.json, signing, found);
}

void changesWebhooks(const ObjectView& object, EvidenceList& found) {
    Risk risk{"admissionregistration.k8s.io",
              {"validatingwebhookconfigurations", "mutatingwebhookconfigurations"},
              {"create", "update", "patch", "delete"},
              false};
    findRisk(object.json, risk, found);
}

}  // namespace

std::vector<Check> roleChecks() {
    std::vector<Check> checks;
    auto add = [&](std::string_view id, Severity severity, rules::LocalizedText title, rules::LocalizedText remedy,
                   std::vector<Reference> references, void (*look)(const ObjectView&, EvidenceList&)) {
        references.push_back(owasp("K03"));
        Check check{
            id, severity, std::move(title), std::move(remedy), std::move(references), {"roles", "clusterroles"}};
        check.object = look;
        checks.push_back(std::move(check));
    };
    rules::LocalizedText leaveOut{"Take it out of the role, or give the role to nobody but administrators",
                                  "从角色中去掉，或仅授予管理员"};
    add("role-everything", Severity::Critical, {"A role allows everything", "角色允许一切操作"},
        {"Name the groups, resources and verbs that are needed", "写明所需的 API 组、资源与动词"},
        {cis("5.1.1"), cis("5.1.3"), kubescape("C-0187")}, everything);
    add("role-wildcard", Severity::High, {"A role allows by *", "角色使用了通配符 *"},
        {"Name the resources and verbs that are needed", "写明所需的资源与动词"}, {cis("5.1.3"), kubescape("C-0187")},
        wildcards);
    add("role-escalate", Severity::Critical,
        {"A role allows to write roles with more rights than one has", "角色可编写超出自身权限的角色（escalate）"},
        leaveOut, {cis("5.1.8"), kubescape("C-0191")}, escalates);
    add("role-bind", Severity::Critical,
        {"A role allows to give others, and oneself, any role", "角色可将任意角色授予他人或自己（bind）"},
        {"Name by resourceNames the roles that may be given", "用 resourceNames 限定可授予的角色"},
        {cis("5.1.8"), kubescape("C-0191")}, binds);
    add("role-impersonate", Severity::Critical,
        {"A role allows to act as anybody", "角色可冒充任意身份（impersonate）"},
        {"Name by resourceNames whom it may act as", "用 resourceNames 限定可冒充的身份"},
        {cis("5.1.8"), kubescape("C-0065"), kubescape("C-0191")}, impersonates);
    add("role-read-secrets", Severity::High, {"A role allows to read all Secrets", "角色可读取所有 Secret"},
        {"Name by resourceNames the Secrets that are needed", "用 resourceNames 限定所需的 Secret"},
        {cis("5.1.2"), kubescape("C-0015"), kubescape("C-0186")}, readsSecrets);
    add("role-create-pods", Severity::Medium,
        {"A role allows to create Pods, and with them to use every Secret and service account of the namespace",
         "角色可创建 Pod，从而使用命名空间内所有 Secret 与服务账户"},
        leaveOut, {cis("5.1.4"), kubescape("C-0188")}, createsPods);
    add("role-pod-exec", Severity::High, {"A role allows to run commands in Pods", "角色可在 Pod 中执行命令"}, leaveOut,
        {kubescape("C-0002")}, executesInPods);
    add("role-port-forward", Severity::Low,
        {"A role allows to reach ports of Pods past network policies", "角色可绕过网络策略转发 Pod 端口"}, leaveOut,
        {kubescape("C-0063")}, forwardsPorts);
    add("role-node-proxy", Severity::High,
        {"A role allows to reach kubelets past admission and audit", "角色可经 nodes/proxy 绕过准入与审计访问 kubelet"},
        leaveOut, {cis("5.1.10"), kubescape("C-0279")}, proxiesNodes);
    add("role-create-volumes", Severity::Medium,
        {"A role allows to create PersistentVolumes, and with them to reach paths of nodes",
         "角色可创建 PersistentVolume，从而访问节点路径"},
        leaveOut, {cis("5.1.9"), kubescape("C-0278")}, createsVolumes);
    add("role-approve-certificates", Severity::High,
        {"A role allows to approve certificates, and so to become anybody", "角色可批准证书签名请求，从而获得任意身份"},
        leaveOut, {cis("5.1.11"), kubescape("C-0280")}, approvesCertificates);
    add("role-webhooks", Severity::High,
        {"A role allows to change admission webhooks, which see and change every object",
         "角色可修改准入 webhook，从而读取并改写所有对象"},
        leaveOut, {cis("5.1.12"), kubescape("C-0281")}, changesWebhooks);
    add("role-create-tokens", Severity::High,
        {"A role allows to make tokens of any service account", "角色可为任意服务账户签发令牌"},
        {"Name by resourceNames the service accounts", "用 resourceNames 限定服务账户"},
        {cis("5.1.13"), kubescape("C-0282")}, createsTokens);
    return checks;
}

}  // namespace klaw::security
