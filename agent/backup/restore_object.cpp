#include "agent/backup/restore_object.hpp"

#include <algorithm>
#include <array>

#include "base/text/json_fields.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

/// The object at a path of names; nullptr where there is none.
Json* inside(Json& json, std::initializer_list<const char*> names) {
    Json* found = &json;
    for (const auto* name : names) {
        if (!found->is_object() || !found->contains(name)) return nullptr;
        found = &(*found)[name];
    }
    return found;
}

void remove(Json& json, std::initializer_list<const char*> parents, std::initializer_list<const char*> names) {
    auto* parent = inside(json, parents);
    if (!parent || !parent->is_object()) return;
    for (const auto* name : names) parent->erase(name);
}

void removeEmpty(Json& json, std::initializer_list<const char*> parents, const char* name) {
    auto* parent = inside(json, parents);
    if (parent && parent->is_object() && parent->contains(name) && (*parent)[name].empty()) parent->erase(name);
}

void cleanMetadata(Json& object) {
    remove(object, {"metadata"},
           {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink",
            "deletionTimestamp", "deletionGracePeriodSeconds"});
    remove(object, {"metadata", "annotations"},
           {"deployment.kubernetes.io/revision", "pv.kubernetes.io/bind-completed",
            "pv.kubernetes.io/bound-by-controller", "volume.kubernetes.io/selected-node",
            "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
            "deprecated.daemonset.template.generation", "batch.kubernetes.io/job-tracking"});
    removeEmpty(object, {"metadata"}, "annotations");
    object.erase("status");
}

void cleanService(Json& object) {
    auto* spec = inside(object, {"spec"});
    if (!spec) return;
    bool headless = textAt(*spec, "clusterIP") == "None";
    if (!headless) remove(object, {"spec"}, {"clusterIP", "clusterIPs"});
    remove(object, {"spec"}, {"healthCheckNodePort"});
    if (auto* ports = inside(object, {"spec", "ports"}); ports && ports->is_array())
        for (auto& port : *ports)
            if (port.is_object()) port.erase("nodePort");
}

void cleanJob(Json& object) {
    if (flagAt(at(object, "spec"), "manualSelector", false)) return;
    remove(object, {"spec"}, {"selector"});
    for (auto labels : {std::initializer_list<const char*>{"metadata", "labels"},
                        std::initializer_list<const char*>{"spec", "template", "metadata", "labels"}})
        remove(object, labels,
               {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"});
    removeEmpty(object, {"metadata"}, "labels");
    removeEmpty(object, {"spec", "template", "metadata"}, "labels");
}

bool isInjected(const Json& named) {
    return textAt(named, "name").starts_with("kube-api-access-");
}

void eraseInjected(Json* list) {
    if (list && list->is_array()) list->erase(std::remove_if(list->begin(), list->end(), isInjected), list->end());
}

/// Another node, and a token of its own.
void cleanPod(Json& object) {
    remove(object, {"spec"}, {"nodeName"});
    eraseInjected(inside(object, {"spec", "volumes"}));
    removeEmpty(object, {"spec"}, "volumes");
    for (const char* of : {"containers", "initContainers"}) {
        auto* containers = inside(object, {"spec", of});
        if (!containers || !containers->is_array()) continue;
        for (auto& container : *containers) {
            eraseInjected(inside(container, {"volumeMounts"}));
            removeEmpty(container, {}, "volumeMounts");
        }
    }
}

void cleanWebhooks(Json& object) {
    // A CA that is put in by a controller is put in again; one that somebody wrote is the same.
    auto* webhooks = inside(object, {"webhooks"});
    if (webhooks && webhooks->is_array())
        for (auto& webhook : *webhooks) remove(webhook, {}, {"generation"});
}

void moveService(Json* config, const RestoreOptions& options) {
    if (!config) return;
    auto* ns = inside(*config, {"service", "namespace"});
    if (ns && ns->is_string()) *ns = options.target(ns->get<std::string>());
}

}  // namespace

Json withoutServerFields(const Kind& kind, Json object) {
    cleanMetadata(object);
    auto resource = kind.resource();
    if (resource == "namespaces") object.erase("spec");
    if (resource == "services") cleanService(object);
    if (resource == "persistentvolumeclaims") remove(object, {"spec"}, {"volumeName"});
    if (resource == "jobs.batch") cleanJob(object);
    if (resource == "pods") cleanPod(object);
    if (resource == "serviceaccounts") remove(object, {}, {"secrets"});
    if (kind.group() == "admissionregistration.k8s.io") cleanWebhooks(object);
    return object;
}

Json inTargetNamespace(const Kind& kind, Json object, const RestoreOptions& options) {
    auto resource = kind.resource();
    if (auto* ns = inside(object, {"metadata", "namespace"}); ns && ns->is_string())
        *ns = options.target(ns->get<std::string>());
    if (resource == "namespaces") {
        auto name = textAt(at(object, "metadata"), "name");
        const auto& target = options.target(name);
        object["metadata"]["name"] = target;
        if (auto* label = inside(object, {"metadata", "labels", "kubernetes.io/metadata.name"})) *label = target;
    }
    if (auto* subjects = inside(object, {"subjects"}); subjects && subjects->is_array())
        for (auto& subject : *subjects)
            if (auto* ns = inside(subject, {"namespace"}); ns && ns->is_string())
                *ns = options.target(ns->get<std::string>());
    if (auto* webhooks = inside(object, {"webhooks"}); webhooks && webhooks->is_array())
        for (auto& webhook : *webhooks) moveService(inside(webhook, {"clientConfig"}), options);
    moveService(inside(object, {"spec", "conversion", "webhook", "clientConfig"}), options);
    if (resource == "apiservices.apiregistration.k8s.io") moveService(inside(object, {"spec"}), options);
    return object;
}

std::string_view notRestoredBecause(const Kind& kind, const Json& object) {
    auto resource = kind.resource();
    const auto& status = at(object, "status");
    auto phase = textAt(status, "phase");
    if (resource == "pods" && (phase == "Succeeded" || phase == "Failed")) return "it had ended";
    if (resource == "jobs.batch")
        for (const auto& condition : at(status, "conditions")) {
            auto type = textAt(condition, "type");
            if ((type == "Complete" || type == "Failed") && textAt(condition, "status") == "True")
                return "it had ended";
        }
    return {};
}

bool saysTheSame(const Kind& kind, const Json& archived, const Json& there) {
    auto one = withoutServerFields(kind, archived), other = withoutServerFields(kind, there);
    for (auto* each : {&one, &other}) remove(*each, {"metadata"}, {"ownerReferences"});
    return one == other;
}

}  // namespace klaw::backup
