// What can be reached, and from where.
#include <algorithm>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// Of those that run Pods of people.
template <class Visit>
void forEachUsedNamespace(const Inventory& inventory, Visit visit) {
    for (const auto& [name, facts] : inventory.namespaces)
        if (facts.hasPods && !inventory.isOfKubernetes(name)) visit(Subject{"Namespace", "", name}, facts);
}

void withoutPolicy(const Inventory& inventory, const Report& report) {
    forEachUsedNamespace(inventory, [&](const Subject& subject, const Inventory::Namespace& facts) {
        if (facts.policies == 0) report(subject).add("networkpolicies", "none");
    });
}

void withoutIngressDenial(const Inventory& inventory, const Report& report) {
    forEachUsedNamespace(inventory, [&](const Subject& subject, const Inventory::Namespace& facts) {
        if (facts.policies > 0 && !facts.deniesIngress)
            report(subject).add("networkpolicies", "none denies Ingress by default");
    });
}

void withoutEgressDenial(const Inventory& inventory, const Report& report) {
    forEachUsedNamespace(inventory, [&](const Subject& subject, const Inventory::Namespace& facts) {
        if (facts.policies > 0 && !facts.deniesEgress)
            report(subject).add("networkpolicies", "none denies Egress by default");
    });
}

bool isOpen(const Json& range) {
    return range == "0.0.0.0/0" || range == "::/0";
}

/// What makes a load balancer internal in a cloud, as its provider documents it.
struct InternalMark {
    std::string_view annotation, value;
};
constexpr InternalMark internalMarks[] = {
    {"service.beta.kubernetes.io/aws-load-balancer-internal", "true"},
    {"service.beta.kubernetes.io/aws-load-balancer-internal", "0.0.0.0/0"},  // of its first versions
    {"service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"},
    {"service.beta.kubernetes.io/azure-load-balancer-internal", "true"},
    {"networking.gke.io/load-balancer-type", "Internal"},
    {"cloud.google.com/load-balancer-type", "Internal"},
    {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet"},
    {"service.beta.kubernetes.io/openstack-internal-load-balancer", "true"},
    {"service.beta.kubernetes.io/oci-load-balancer-internal", "true"},
    {"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private"},
    {"service.beta.kubernetes.io/volcengine-loadbalancer-address-type", "PRIVATE"},
};

bool isInternal(const Json& service) {
    const auto& annotations = memberAt(service, "metadata.annotations");
    // Of Tencent Cloud the subnet that it is in.
    if (!textAt(annotations, "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid").empty()) return true;
    return std::ranges::any_of(
        internalMarks, [&](const InternalMark& mark) { return textAt(annotations, mark.annotation) == mark.value; });
}

void openLoadBalancer(const ObjectView& object, EvidenceList& found) {
    const auto& spec = at(object.json, "spec");
    if (textAt(spec, "type") != "LoadBalancer" || isInternal(object.json)) return;
    const auto& ranges = at(spec, "loadBalancerSourceRanges");
    if (!ranges.is_array() || ranges.empty()) return found.addMissing("spec.loadBalancerSourceRanges");
    for (const auto& range : ranges)
        if (isOpen(range)) found.add("spec.loadBalancerSourceRanges", range);
}

void nodePort(const ObjectView& object, EvidenceList& found) {
    const auto& spec = at(object.json, "spec");
    if (textAt(spec, "type") != "NodePort") return;
    for (const auto& port : at(spec, "ports")) found.add("spec.ports.nodePort", at(port, "nodePort"));
    if (found.empty()) found.add("spec.type", "NodePort");
}

void externalAddresses(const ObjectView& object, EvidenceList& found) {
    for (const auto& address : textsAt(at(object.json, "spec"), "externalIPs")) found.add("spec.externalIPs", address);
}

void ingressWithoutTls(const ObjectView& object, EvidenceList& found) {
    const auto& spec = at(object.json, "spec");
    const auto& tls = at(spec, "tls");
    if (!tls.is_array() || tls.empty()) return found.addMissing("spec.tls");
    bool forAll = false;
    std::vector<std::string> covered;
    for (const auto& entry : tls) {
        auto hosts = textsAt(entry, "hosts");
        forAll = forAll || hosts.empty();
        covered.insert(covered.end(), hosts.begin(), hosts.end());
    }
    auto isCovered = [&](const std::string& host) {
        auto dot = host.find('.');
        auto wildcard = dot == host.npos ? std::string() : "*" + host.substr(dot);
        return forAll || std::ranges::count(covered, host) > 0 || std::ranges::count(covered, wildcard) > 0;
    };
    for (const auto& rule : at(spec, "rules"))
        if (auto host = textAt(rule, "host"); !host.empty() && !isCovered(host)) found.add("spec.rules.host", host);
}

/// One that selects all Pods and lets everybody in is none.
void openPolicy(const ObjectView& object, EvidenceList& found) {
    const auto& spec = at(object.json, "spec");
    auto isAnybody = [](const Json& peer) {
        return isOpen(memberAt(peer, "ipBlock.cidr")) && at(at(peer, "ipBlock"), "except").empty();
    };
    for (const auto& rule : at(spec, "ingress")) {
        const auto& from = at(rule, "from");
        bool everybody = !from.is_array() || from.empty() || std::ranges::any_of(from, isAnybody);
        bool allPorts = !at(rule, "ports").is_array() || at(rule, "ports").empty();
        if (everybody && allPorts) found.add("spec.ingress", rule);
    }
}

}  // namespace

std::vector<Check> networkChecks() {
    std::vector<Check> checks;
    auto add = [&](Check check, std::vector<Reference> references) -> Check& {
        check.references = std::move(references);
        return checks.emplace_back(std::move(check));
    };
    const auto policies = "Network separation and hardening: Network policies";
    add({"network-policy-missing",
         Severity::Medium,
         {"A namespace has no NetworkPolicy: every Pod of the cluster reaches its Pods",
          "命名空间没有 NetworkPolicy，集群内任意 Pod 均可访问"},
         {"Add one that denies by default, and others for what is needed", "添加默认拒绝的策略，再放行所需流量"},
         {},
         {"namespaces", "pods", "networkpolicies"}},
        {cis("5.3.2"), owasp("K07"), nsa(policies), kubescape("C-0260"), kubescape("C-0206")})
        .cluster = withoutPolicy;
    add({"network-ingress-open",
         Severity::Low,
         {"No NetworkPolicy of a namespace denies incoming traffic by default",
          "命名空间没有默认拒绝入站的 NetworkPolicy"},
         {"Add a NetworkPolicy with an empty podSelector, the type Ingress and no rule",
          "添加 podSelector 为空、类型为 Ingress 且无规则的 NetworkPolicy"},
         {},
         {"namespaces", "pods", "networkpolicies"}},
        {owasp("K07"), nsa(policies), kubescape("C-0030")})
        .cluster = withoutIngressDenial;
    add({"network-egress-open",
         Severity::Low,
         {"No NetworkPolicy of a namespace denies outgoing traffic by default",
          "命名空间没有默认拒绝出站的 NetworkPolicy"},
         {"Add a NetworkPolicy with an empty podSelector, the type Egress and no rule",
          "添加 podSelector 为空、类型为 Egress 且无规则的 NetworkPolicy"},
         {},
         {"namespaces", "pods", "networkpolicies"}},
        {owasp("K07"), nsa(policies), kubescape("C-0030")})
        .cluster = withoutEgressDenial;
    add({"network-policy-open",
         Severity::Medium,
         {"A NetworkPolicy lets everybody in on every port", "NetworkPolicy 允许任何来源访问所有端口"},
         {"Name who may come in, and on which ports", "写明允许的来源与端口"},
         {},
         {"networkpolicies"}},
        {owasp("K07"), nsa(policies), kubescape("C-0030")})
        .object = openPolicy;
    add({"load-balancer-open",
         Severity::Medium,
         {"A load balancer is open to all addresses", "负载均衡对所有地址开放"},
         {"Set loadBalancerSourceRanges, or make it internal", "设置 loadBalancerSourceRanges，或改为内网负载均衡"},
         {},
         {"services"}},
        {owasp("K07"), kubescape("C-0256")})
        .object = openLoadBalancer;
    add({"node-port",
         Severity::Medium,
         {"A Service is open on every node", "Service 在每个节点上开放端口"},
         {"Use a ClusterIP behind an Ingress or a load balancer", "改用 ClusterIP，经 Ingress 或负载均衡暴露"},
         {},
         {"services"}},
        {owasp("K07"), kubescape("C-0256")})
        .object = nodePort;
    add({"external-ip",
         Severity::High,
         {"A Service takes addresses by externalIPs, and could take those of others (CVE-2020-8554)",
          "Service 通过 externalIPs 占用地址，可劫持他人流量（CVE-2020-8554）"},
         {"Remove externalIPs, and forbid them by the admission plugin DenyServiceExternalIPs",
          "去掉 externalIPs，并启用 DenyServiceExternalIPs 准入插件"},
         {},
         {"services"}},
        {cis("1.2.3"), owasp("K07"), kubescape("C-0283")})
        .object = externalAddresses;
    add({"ingress-without-tls",
         Severity::Medium,
         {"An Ingress serves a host without TLS", "Ingress 的主机未启用 TLS"},
         {"Add it to spec.tls with a certificate", "在 spec.tls 中为其配置证书"},
         {},
         {"ingresses"}},
        {owasp("K07"), kubescape("C-0263")})
        .object = ingressWithoutTls;
    return checks;
}

}  // namespace klaw::security
