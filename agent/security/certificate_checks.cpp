// Certificates that end, and who got some.
#include "agent/security/check.hpp"
#include "base/digest.hpp"
#include "base/net/certificate.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

void tellOfEnd(TimePoint end, const Inventory& known, const std::string& path, EvidenceList& found) {
    if (end - known.now >= known.settings.certificatesEndWithin) return;
    found.add(path, (end <= known.now ? "ended " : "ends ") + formatRfc3339(end));
}

/// The first of a chain, which is the one that is shown to clients.
void secretEnds(const ObjectView& object, EvidenceList& found) {
    auto pem = base64Decode(textAt(at(object.json, "data"), "tls.crt"));
    auto chain = pem ? net::readCertificates(*pem) : fail(ErrorCode::DataLoss, "no certificate");
    if (chain) tellOfEnd(chain->front().notAfter, object.known, "data[tls.crt]", found);
}

void webhookAuthorityEnds(const ObjectView& object, EvidenceList& found) {
    for (const auto& webhook : at(object.json, "webhooks")) {
        auto pem = base64Decode(textAt(at(webhook, "clientConfig"), "caBundle"));
        if (!pem || pem->empty()) continue;
        auto path = "webhooks[" + textAt(webhook, "name") + "].clientConfig.caBundle";
        auto chain = net::readCertificates(*pem);
        if (!chain) continue;
        for (const auto& certificate : *chain) tellOfEnd(certificate.notAfter, object.known, path, found);
    }
}

void serverEnds(const Inventory& inventory, const Report& report) {
    if (!inventory.serverCertificateEnds) return;
    EvidenceList found;
    tellOfEnd(*inventory.serverCertificateEnds, inventory, "certificate", found);
    for (const auto& each : found.kept()) report({"Cluster", "", "API server"}).add(each.path, each.value);
}

/// Nobody can take it back before it ends, and it stands in no list of accounts.
void ofPeople(const ObjectView& object, EvidenceList& found) {
    const auto& spec = at(object.json, "spec");
    if (textAt(spec, "signerName") != "kubernetes.io/kube-apiserver-client") return;
    for (const auto& condition : at(at(object.json, "status"), "conditions"))
        if (textAt(condition, "type") == "Approved") found.add("spec.username", at(spec, "username"));
}

}  // namespace

std::vector<Check> certificateChecks() {
    std::vector<Check> checks;
    auto add = [&](Check check, std::vector<Reference> references) -> Check& {
        check.references = std::move(references);
        return checks.emplace_back(std::move(check));
    };
    add({"certificate-ends",
         Severity::Medium,
         {"A certificate in a Secret has ended or ends soon", "Secret 中的证书已过期或即将过期"},
         {"Renew it, best by a controller such as cert-manager", "更新证书，最好由 cert-manager 等控制器自动完成"},
         {},
         {"secrets"}},
        {})
        .object = secretEnds;
    add({"webhook-certificate-ends",
         Severity::High,
         {"The certificate authority of an admission webhook has ended or ends soon",
          "准入 webhook 的 CA 证书已过期或即将过期"},
         {"Renew it: without it the webhook cannot be called", "更新证书，否则无法调用该 webhook"},
         {},
         {"validatingwebhookconfigurations", "mutatingwebhookconfigurations"}},
        {})
        .object = webhookAuthorityEnds;
    add({"api-server-certificate-ends",
         Severity::High,
         {"The certificate of the API server has ended or ends soon", "API Server 证书已过期或即将过期"},
         {"Renew it: kubeadm certs renew all, or as your provider says",
          "更新证书：kubeadm certs renew all，或按供应商说明"},
         {},
         {"version"}},
        {})
        .cluster = serverEnds;
    add({"user-certificate",
         Severity::Low,
         {"A client certificate was signed for the API: nobody can take it back before it ends",
          "签发了 API 客户端证书，到期前无法吊销"},
         {"Let people log in by OpenID Connect, and let the certificate end", "改用 OpenID Connect 登录，待证书到期"},
         {},
         {"certificatesigningrequests"}},
        {cis("3.1.1"), owasp("K06"), kubescape("C-0286")})
        .object = ofPeople;
    return checks;
}

}  // namespace klaw::security
