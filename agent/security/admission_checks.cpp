// What stops bad objects at the door: Pod Security Admission and webhooks.
#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

constexpr auto enforce = "pod-security.kubernetes.io/enforce";
constexpr auto labelPath = "metadata.labels[pod-security.kubernetes.io/enforce]";

std::string levelOf(const ObjectView& object) {
    return textAt(memberAt(object.json, "metadata.labels"), enforce);
}

void withoutLevel(const ObjectView& object, EvidenceList& found) {
    if (!object.known.isOfKubernetes(object.subject.name) && levelOf(object).empty()) found.addMissing(labelPath);
}

void privilegedLevel(const ObjectView& object, EvidenceList& found) {
    if (!object.known.isOfKubernetes(object.subject.name) && levelOf(object) == "privileged")
        found.add(labelPath, "privileged");
}

template <class Visit>
void forEachWebhook(const ObjectView& object, Visit visit) {
    for (const auto& webhook : at(object.json, "webhooks")) visit(webhook, "webhooks[" + textAt(webhook, "name") + "]");
}

void failsOpen(const ObjectView& object, EvidenceList& found) {
    forEachWebhook(object, [&](const Json& webhook, const std::string& path) {
        if (textAt(webhook, "failurePolicy") == "Ignore") found.add(path + ".failurePolicy", "Ignore");
    });
}

void withoutAuthority(const ObjectView& object, EvidenceList& found) {
    forEachWebhook(object, [&](const Json& webhook, const std::string& path) {
        const auto& client = at(webhook, "clientConfig");
        bool inCluster = at(client, "service").is_object();
        if (inCluster && textAt(client, "caBundle").empty()) found.addMissing(path + ".clientConfig.caBundle");
        if (auto url = textAt(client, "url"); url.starts_with("http://")) found.add(path + ".clientConfig.url", url);
    });
}

}  // namespace

std::vector<Check> admissionChecks() {
    std::vector<Check> checks;
    auto add = [&](Check check, std::vector<Reference> references) -> Check& {
        check.references = std::move(references);
        return checks.emplace_back(std::move(check));
    };
    std::vector<std::string_view> webhooks{"validatingwebhookconfigurations", "mutatingwebhookconfigurations"};
    add({"pod-security-missing",
         Severity::Medium,
         {"A namespace enforces no Pod Security Standard", "命名空间未强制任何 Pod 安全标准"},
         {"Label it pod-security.kubernetes.io/enforce: baseline, or restricted",
          "添加标签 pod-security.kubernetes.io/enforce: baseline 或 restricted"},
         {},
         {"namespaces"}},
        {cis("5.2.1"), owasp("K04"), nsa("Kubernetes Pod security: Pod security enforcement"), kubescape("C-0192")})
        .object = withoutLevel;
    add({"pod-security-privileged",
         Severity::Medium,
         {"A namespace allows Pods everything", "命名空间允许任意特权 Pod"},
         {"Set its label pod-security.kubernetes.io/enforce to baseline, or restricted",
          "将标签 pod-security.kubernetes.io/enforce 改为 baseline 或 restricted"},
         {},
         {"namespaces"}},
        {cis("5.2.1"), owasp("K04"), nsa("Kubernetes Pod security: Pod security enforcement"), kubescape("C-0192")})
        .object = privilegedLevel;
    add({"webhook-fails-open",
         Severity::Low,
         {"An admission webhook lets everything through when it does not answer", "准入 webhook 无响应时放行一切"},
         {"Set failurePolicy to Fail where it guards something", "用于防护的 webhook 应将 failurePolicy 设为 Fail"},
         {},
         webhooks},
        {owasp("K04")})
        .object = failsOpen;
    add({"webhook-without-ca",
         Severity::Medium,
         {"An admission webhook is called without a certificate authority of its own", "准入 webhook 未指定 CA 证书"},
         {"Set clientConfig.caBundle", "设置 clientConfig.caBundle"},
         {},
         webhooks},
        {owasp("K04"), owasp("K09")})
        .object = withoutAuthority;
    return checks;
}

}  // namespace klaw::security
