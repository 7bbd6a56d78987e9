#include "agent/security/auditor.hpp"

#include <algorithm>

#include "agent/security/bootstrap_policy.hpp"
#include "agent/security/remembering.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::security {
namespace {

/// Many of one check leave room for those of others.
constexpr std::size_t mostOfOneCheck = 2000;
constexpr std::size_t longestName = 253, longestReason = 300;

/// The controller that the object names, by whatever name: nobody has vouched for it.
struct Claim {
    Subject subject;
    std::string uid;
};

std::optional<Claim> controllerOf(const Json& object) {
    const auto& metadata = at(object, "metadata");
    for (const auto& owner : at(metadata, "ownerReferences")) {
        if (!flagAt(owner, "controller", false)) continue;
        auto nameOf = [&](const char* field) { return truncateUtf8(textAt(owner, field), longestName); };
        return Claim{{nameOf("kind"), textAt(metadata, "namespace"), nameOf("name")}, textAt(owner, "uid")};
    }
    return std::nullopt;
}

/// The Deployment of a ReplicaSet that was not read, by how it names those.
Subject withoutHash(Subject replicas, const Json& object) {
    auto hash = "-" + textAt(memberAt(object, "metadata.labels"), "pod-template-hash");
    if (replicas.kind != "ReplicaSet" || hash.size() < 2 || !replicas.name.ends_with(hash)) return replicas;
    return {"Deployment", replicas.ns, replicas.name.substr(0, replicas.name.size() - hash.size())};
}

/// Of ReplicaSets no template comes.
bool hasTemplate(const ObjectKind& kind) {
    return podPathOf(kind.kind) && kind.kind != "Pod" && kind.kind != "ReplicaSet";
}

/// In keys of which the parts are divided by |.
std::string partOfKey(std::string_view text) {
    std::string out;
    for (char c : text) out += c == '%' ? "%25" : c == '|' ? "%7C" : std::string(1, c);
    return out;
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
        {"replicasets", "ReplicaSet", "/apis/apps/v1"},
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
    return std::string(check->id) + "|" + partOfKey(subject.kind) + "|" + partOfKey(subject.ns) + "|" +
           partOfKey(subject.name);
}

Auditor::Auditor(TimePoint now, Settings settings, std::string ns) : ns_(std::move(ns)) {
    inventory_.now = now;
    inventory_.settings = settings;
    inventory_.only = ns_;
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
    unread_.emplace(std::move(resource), truncateUtf8(notifiers::oneLine(why), longestReason));
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
    bool gives = kind.kind == "RoleBinding";  // also to accounts of other namespaces
    if (elsewhere && gives) rememberObject(kind.kind, subject, object, inventory_);
    if (elsewhere) return;
    rememberObject(kind.kind, subject, object, inventory_);
    lookAlone(kind, subject, object);
    if (podPathOf(kind.kind) && isLookedAt(subject)) lookAtWorkload(kind, subject, object);
}

/// What came from a template that was looked at says nothing new; others are told of by their owner, as replicas.
void Auditor::lookAtWorkload(const ObjectKind& kind, const Subject& subject, const Json& object) {
    auto owner = ownerOf(object);
    auto told = owner ? owner->subject : subject;
    bool isReplica = owner && owner->isJudged;
    if (auto uid = textAt(at(object, "metadata"), "uid"); kind.kind != "Pod" && !uid.empty())
        workloads_[uid] = {subject, {told, isReplica || hasTemplate(kind)}};
    // Ephemeral containers are of no template: who may put them in chooses what they are.
    bool isChanged = kind.kind == "Pod" && !memberAt(object, "spec.ephemeralContainers").empty();
    if (isChanged) return lookAtPod(kind, subject, object);
    if (!isReplica && kind.kind != "ReplicaSet") lookAtPod(kind, told, object);
}

/// Whoever may make Pods may name any owner: it counts only where there is one with that uid. None for what names one
/// that is not there, or a node.
std::optional<Auditor::Owner> Auditor::ownerOf(const Json& object) const {
    auto claim = controllerOf(object);
    if (!claim || claim->subject.kind == "Node") return std::nullopt;
    auto known = workloads_.find(claim->uid);
    if (known != workloads_.end() && known->second.first == claim->subject) return known->second.second;
    auto listed = std::ranges::find(auditedKinds(), claim->subject.kind, &ObjectKind::kind);
    if (listed != auditedKinds().end() && !unread_.contains(listed->resource)) return std::nullopt;
    return Owner{withoutHash(std::move(claim->subject), object), false};
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
    if (isBootstrapRole(subject, object)) shipped_.insert(subject);
    ObjectView view{subject, object, inventory_};
    if (auto program = controlPlane ? controlPlaneProgramOf(view) : std::nullopt) programs_.insert(*program);
    for (const auto& check : checks()) {
        if (!check.object || !needs(check, kind.resource)) continue;
        EvidenceList found;
        check.object(view, found);
        keep(check, subject, std::move(found));
    }
}

void Auditor::keep(const Check& check, Subject subject, EvidenceList evidence) {
    if (evidence.empty()) return;
    auto* place = placeFor(check, std::move(subject));
    if (!place) return;
    if (place->empty())
        *place = std::move(evidence);
    else
        for (const auto& each : evidence.kept()) place->add(each.path, each.value);
}

EvidenceList* Auditor::placeFor(const Check& check, Subject subject) {
    auto key = std::pair(check.id, std::move(subject));
    if (auto known = found_.find(key); known != found_.end()) return &known->second;
    auto& count = counts_[check.id];
    if (count >= mostOfOneCheck) {
        ++leftOut_;
        return nullptr;
    }
    ++count;
    return &found_[std::move(key)];
}

/// Whether all that it looks at was there to be looked at.
bool Auditor::isJudged(const Check& check) const {
    auto isUnread = [&](auto resource) { return unread_.contains(resource); };
    if (std::ranges::any_of(check.needs, isUnread)) return false;
    if (check.id == "token-mounted" && !inventory_.knowsAllBindings) return false;
    auto isMissed = [&](const ObjectKind& kind) {
        return (hasTemplate(kind) || kind.kind == "Pod") && isUnread(kind.resource);
    };
    if (check.pod && std::ranges::any_of(auditedKinds(), isMissed)) return false;
    bool withControlPlane = ns_.empty() || ns_ == "kube-system";
    return !withControlPlane ||
           std::ranges::all_of(check.programs, [&](auto program) { return programs_.contains(program); });
}

bool Auditor::judgeNext() {
    if (judged_ == checks().size()) return false;
    const auto& check = checks()[judged_++];
    if (!check.cluster || !isJudged(check)) return true;
    EvidenceList tooMany;
    check.cluster(inventory_, [&](const Subject& subject) -> EvidenceList& {
        auto* place = placeFor(check, subject);
        return place ? *place : tooMany;
    });
    return true;
}

/// A role is as dangerous as those who have it.
void Auditor::tellWhoHasRoles() {
    if (unread_.contains("rolebindings") || unread_.contains("clusterrolebindings")) return;
    constexpr std::size_t most = 3;
    std::multimap<std::pair<std::string_view, std::string_view>, const Inventory::Binding*> bindings;
    for (const auto& binding : inventory_.bindings)
        bindings.emplace(std::pair<std::string_view, std::string_view>(binding.roleKind, binding.role), &binding);
    for (auto& [key, evidence] : found_) {
        const auto& subject = key.second;
        if (subject.kind != "Role" && subject.kind != "ClusterRole") continue;
        std::size_t told = 0;
        auto [first, last] = bindings.equal_range({subject.kind, subject.name});
        for (auto at = first; at != last; ++at) {
            const auto& binding = *at->second;
            bool gives = subject.ns.empty() || subject.ns == binding.subject.ns;
            if (gives && told++ < most && !binding.subjects.empty())
                evidence.add(binding.subject.text(), binding.subjects.front().text());
        }
        if (told == 0 && ns_.empty()) evidence.add("bindings", "none");
    }
}

Findings Auditor::finish() {
    while (judgeNext()) continue;
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
