#include "agent/security/auditor.hpp"

#include <algorithm>

#include "agent/security/remembering.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

constexpr std::size_t mostFindings = 20'000;

/// The workload that the object belongs to; a Deployment in place of its ReplicaSet. None for what a node made.
std::optional<Subject> ownerOf(const Json& object) {
    const auto& metadata = at(object, "metadata");
    for (const auto& owner : at(metadata, "ownerReferences")) {
        Subject subject{textAt(owner, "kind"), textAt(metadata, "namespace"), textAt(owner, "name")};
        if (!flagAt(owner, "controller", false) || subject.kind == "Node") continue;
        auto hash = "-" + textAt(at(metadata, "labels"), "pod-template-hash");
        bool ofDeployment = subject.kind == "ReplicaSet" && hash.size() > 1 && subject.name.ends_with(hash);
        if (ofDeployment)
            subject = {"Deployment", subject.ns, subject.name.substr(0, subject.name.size() - hash.size())};
        return subject;
    }
    return std::nullopt;
}

bool needs(const Check& check, std::string_view resource) {
    return std::ranges::find(check.needs, resource) != check.needs.end();
}

}  // namespace

std::span<const ObjectKind> auditedKinds() {
    static constexpr ObjectKind kinds[] = {
        {"namespaces", "Namespace", "/api/v1", false},
        {"serviceaccounts", "ServiceAccount", "/api/v1"},
        {"deployments", "Deployment", "/apis/apps/v1"},
        {"statefulsets", "StatefulSet", "/apis/apps/v1"},
        {"daemonsets", "DaemonSet", "/apis/apps/v1"},
        {"cronjobs", "CronJob", "/apis/batch/v1"},
        {"jobs", "Job", "/apis/batch/v1"},
        {"replicationcontrollers", "ReplicationController", "/api/v1"},
        {"pods", "Pod", "/api/v1"},
        {"networkpolicies", "NetworkPolicy", "/apis/networking.k8s.io/v1"},
        {"services", "Service", "/api/v1"},
        {"ingresses", "Ingress", "/apis/networking.k8s.io/v1"},
        {"configmaps", "ConfigMap", "/api/v1"},
        {"secrets", "Secret", "/api/v1"},
        {"roles", "Role", "/apis/rbac.authorization.k8s.io/v1"},
        {"clusterroles", "ClusterRole", "/apis/rbac.authorization.k8s.io/v1", false},
        {"rolebindings", "RoleBinding", "/apis/rbac.authorization.k8s.io/v1"},
        {"clusterrolebindings", "ClusterRoleBinding", "/apis/rbac.authorization.k8s.io/v1", false},
        {"nodes", "Node", "/api/v1", false},
        {"validatingwebhookconfigurations", "ValidatingWebhookConfiguration", "/apis/admissionregistration.k8s.io/v1",
         false},
        {"mutatingwebhookconfigurations", "MutatingWebhookConfiguration", "/apis/admissionregistration.k8s.io/v1",
         false},
        {"certificatesigningrequests", "CertificateSigningRequest", "/apis/certificates.k8s.io/v1", false},
    };
    return kinds;
}

std::string Finding::key() const {
    return std::string(check->id) + "|" + subject.kind + "|" + subject.ns + "|" + subject.name;
}

Auditor::Auditor(TimePoint now, Settings settings, std::string ns) : ns_(std::move(ns)) {
    inventory_.now = now;
    inventory_.settings = settings;
}

void Auditor::setServer(std::string version, std::optional<TimePoint> certificateEnds) {
    inventory_.serverVersion = std::move(version);
    inventory_.serverCertificateEnds = certificateEnds;
}

/// What is looked at only to judge something else is not told of.
bool Auditor::isTold(const Subject& subject) const {
    if (shipped_.contains(subject)) return false;
    return ns_.empty() || subject.ns == ns_ || (subject.kind == "Namespace" && subject.name == ns_);
}

void Auditor::setUnread(std::string resource, std::string why) {
    unread_.emplace(std::move(resource), std::move(why));
}

/// The control plane itself is looked at for its flags only, unless it is asked for by its namespace.
bool Auditor::isLookedAt(const Subject& subject) const {
    if (!ns_.empty()) return subject.ns.empty() || subject.ns == ns_;
    return !isSystemNamespace(subject.ns);
}

void Auditor::add(const ObjectKind& kind, const Json& object) {
    ++objects_;
    const auto& metadata = at(object, "metadata");
    Subject subject{std::string(kind.kind), textAt(metadata, "namespace"), textAt(metadata, "name")};
    bool elsewhere =
        !ns_.empty() && (kind.namespaced ? subject.ns != ns_ : kind.kind == "Namespace" && subject.name != ns_);
    if (elsewhere) return;
    rememberObject(kind.kind, subject, object, inventory_);
    lookAlone(kind, subject, object);
    if (!podPathOf(kind.kind) || !isLookedAt(subject)) return;
    if (kind.kind != "Pod") templates_.insert(subject);
    auto owner = ownerOf(object);
    if (!owner) return lookAtPod(kind, subject, object);
    // What came from a template that was looked at says nothing new; others are told of by their owner, as replicas.
    if (!templates_.contains(*owner)) lookAtPod(kind, *owner, object);
}

void Auditor::lookAtPod(const ObjectKind& kind, const Subject& subject, const Json& object) {
    const auto* path = podPathOf(kind.kind);
    PodView pod(subject, memberAt(object, path), path);
    rememberWorkload(pod, inventory_);
    for (const auto& check : checks()) {
        if (!check.pod) continue;
        EvidenceList found;
        check.pod(pod, found);
        keep(check, subject, std::move(found));
    }
}

/// What Kubernetes brings itself must be as it is.
void Auditor::lookAlone(const ObjectKind& kind, const Subject& subject, const Json& object) {
    bool controlPlane = kind.kind == "Pod" && subject.ns == "kube-system";
    if (!isLookedAt(subject) && !controlPlane) return;
    if (isShipped(object)) shipped_.insert(subject);
    ObjectView view{subject, object, inventory_};
    for (const auto& check : checks()) {
        if (!check.object || !needs(check, kind.resource)) continue;
        EvidenceList found;
        check.object(view, found);
        keep(check, subject, std::move(found));
    }
}

void Auditor::keep(const Check& check, Subject subject, EvidenceList evidence) {
    if (evidence.empty()) return;
    auto key = std::pair(check.id, std::move(subject));
    if (found_.size() >= mostFindings && !found_.contains(key)) {
        ++leftOut_;
        return;
    }
    auto [place, made] = found_.try_emplace(std::move(key), std::move(evidence));
    if (!made)
        for (const auto& each : evidence.kept()) place->second.add(each.path, each.value);
}

bool Auditor::isJudged(const Check& check) const {
    return std::ranges::none_of(check.needs, [&](auto resource) { return unread_.contains(resource); });
}

void Auditor::lookTogether() {
    for (const auto& check : checks()) {
        if (!check.cluster || !isJudged(check)) continue;
        EvidenceList tooMany;
        check.cluster(inventory_, [&](const Subject& subject) -> EvidenceList& {
            auto key = std::pair(check.id, subject);
            if (found_.size() < mostFindings || found_.contains(key)) return found_[std::move(key)];
            ++leftOut_;
            return tooMany;
        });
    }
}

/// A role is as dangerous as those who have it.
void Auditor::tellWhoHasRoles() {
    if (unread_.contains("rolebindings") || unread_.contains("clusterrolebindings")) return;
    constexpr std::size_t most = 3;
    for (auto& [key, evidence] : found_) {
        const auto& subject = key.second;
        if (subject.kind != "Role" && subject.kind != "ClusterRole") continue;
        std::size_t told = 0;
        for (const auto& binding : inventory_.bindings) {
            bool gives = binding.roleKind == subject.kind && binding.role == subject.name &&
                         (subject.ns.empty() || subject.ns == binding.subject.ns);
            if (gives && told++ < most && !binding.subjects.empty())
                evidence.add(binding.subject.text(), binding.subjects.front().text());
        }
        if (told == 0 && ns_.empty()) evidence.add("bindings", "none");
    }
}

Findings Auditor::finish() {
    noteRisks(found_, inventory_);
    lookTogether();
    tellWhoHasRoles();
    Findings findings;
    findings.objects = objects_;
    findings.leftOut = leftOut_;
    for (const auto& check : checks())
        if (!isJudged(check)) findings.notJudged.push_back(&check);
    for (auto& [key, evidence] : found_)
        if (isTold(key.second)) findings.all.push_back({findCheck(key.first), key.second, std::move(evidence)});
    std::ranges::stable_sort(findings.all, [](const Finding& a, const Finding& b) {
        if (a.check->severity != b.check->severity) return a.check->severity > b.check->severity;
        if (a.check != b.check) return a.check < b.check;
        return a.subject < b.subject;
    });
    for (auto& [resource, why] : unread_) findings.unread.push_back({resource, why});
    return findings;
}

}  // namespace klaw::security
