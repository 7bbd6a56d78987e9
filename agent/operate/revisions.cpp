#include "agent/operate/revisions.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

std::int64_t numberOf(const Json& value) {
    if (value.is_number_integer()) return value.get<std::int64_t>();
    std::int64_t number = 0;
    if (!value.is_string()) return number;
    const auto& text = value.get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool isControlledBy(const Json& object, const std::string& uid) {
    for (const auto& owner : valueAt(object, "/metadata/ownerReferences"))
        if (valueAt(owner, "/uid") == uid && valueAt(owner, "/controller") == true) return true;
    return false;
}

std::string imagesOf(const Json& podTemplate) {
    std::string images;
    for (const auto& container : valueAt(podTemplate, "/spec/containers"))
        images += (images.empty() ? "" : ", ") + textAt(container, "/image");
    return images;
}

/// Those that belong to the Deployment whatever its revision is. They are `annotationsToSkip` of kubectl:
/// https://github.com/kubernetes/kubectl/blob/master/pkg/polymorphichelpers/rollback.go
constexpr std::array<std::string_view, 6> ownAnnotations{"kubectl.kubernetes.io/last-applied-configuration",
                                                         "deployment.kubernetes.io/revision",
                                                         "deployment.kubernetes.io/revision-history",
                                                         "deployment.kubernetes.io/desired-replicas",
                                                         "deployment.kubernetes.io/max-replicas",
                                                         "deprecated.deployment.rollback.to"};

bool isOfDeployment(std::string_view annotation) {
    return std::ranges::find(ownAnnotations, annotation) != ownAnnotations.end();
}

/// Without those.
Json annotationsOf(const Json& object) {
    const auto& all = valueAt(object, "/metadata/annotations");
    Json annotations = Json::object();
    if (!all.is_object()) return annotations;
    for (const auto& [name, value] : all.items())
        if (!isOfDeployment(name)) annotations[name] = value;
    return annotations;
}

/// Of a Deployment's ReplicaSet. The hash is the controller's own.
Revision ofReplicaSet(const Json& set) {
    Revision revision;
    revision.number = numberOf(valueAt(set, "/metadata/annotations/deployment.kubernetes.io~1revision"));
    revision.podTemplate = valueAt(set, "/spec/template");
    if (valueAt(revision.podTemplate, "/metadata/labels").is_object())
        revision.podTemplate["metadata"]["labels"].erase("pod-template-hash");
    revision.annotations = annotationsOf(set);
    return revision;
}

/// Of a StatefulSet's or DaemonSet's ControllerRevision, which keeps the template as a patch that replaces it.
Revision ofControllerRevision(const Json& object) {
    Revision revision;
    revision.number = numberOf(valueAt(object, "/revision"));
    revision.podTemplate = valueAt(object, "/data/spec/template");
    if (revision.podTemplate.is_object()) revision.podTemplate.erase("$patch");
    return revision;
}

}  // namespace

void putAnnotations(const Json& workload, const Json& wanted, GuardedPatch& patch) {
    if (!wanted.is_object()) return;
    auto now = annotationsOf(workload);
    auto pointer = [](const std::string& name) { return pointerTo("/metadata/annotations", name); };
    for (const auto& [name, value] : wanted.items())
        if (!now.contains(name) || now[name] != value) patch.set(pointer(name), value);
    for (const auto& [name, value] : now.items())
        if (!wanted.contains(name)) patch.remove(pointer(name));
}

Task<Result<std::vector<Revision>>> revisionsOf(Control& control, Caller caller, Plan plan) {
    bool deployment = plan.kind == "Deployment";
    auto path =
        "/apis/apps/v1/namespaces/" + percentEncode(plan.ns) + (deployment ? "/replicasets" : "/controllerrevisions");
    auto body = co_await control.askCluster(std::move(caller), plan.cluster, std::move(path), "application/json");
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    std::vector<Revision> revisions;
    for (const auto& item : valueAt(list, "/items")) {
        if (!isControlledBy(item, plan.uid)) continue;
        auto revision = deployment ? ofReplicaSet(item) : ofControllerRevision(item);
        if (!revision.podTemplate.is_object() || revision.number <= 0) continue;
        revision.images = imagesOf(revision.podTemplate);
        revision.cause = textAt(item, "/metadata/annotations/kubernetes.io~1change-cause");
        revision.madeAt = textAt(item, "/metadata/creationTimestamp");
        revisions.push_back(std::move(revision));
    }
    std::ranges::sort(revisions, std::ranges::greater(), &Revision::number);
    co_return revisions;
}

std::string listed(const std::vector<Revision>& revisions) {
    std::string text;
    for (const auto& revision : revisions)
        text += (text.empty() ? "" : ", ") + std::to_string(revision.number) + " (" + revision.images + ")";
    return text;
}

std::string lastWriterOfTemplate(const Json& workload) {
    std::string manager, latest;
    for (const auto& entry : valueAt(workload, "/metadata/managedFields")) {
        bool writes =
            textAt(entry, "/subresource").empty() && valueAt(entry, "/fieldsV1/f:spec/f:template").is_object();
        if (!writes || textAt(entry, "/time") < latest) continue;
        latest = textAt(entry, "/time");
        manager = textAt(entry, "/manager");
    }
    return manager;
}

}  // namespace klaw::operate
