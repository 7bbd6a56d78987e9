#include "rules/owner.hpp"

#include "rules/resource_names.hpp"

namespace klaw::rules {
namespace {

struct Names {
    FieldName metadata = FieldName::of("metadata");
    FieldName name = FieldName::of("name");
    FieldName ns = FieldName::of("namespace");
    FieldName uid = FieldName::of("uid");
    FieldName kind = FieldName::of("kind");
    FieldName apiVersion = FieldName::of("apiVersion");
    FieldName ownerReferences = FieldName::of("ownerReferences");
    FieldName controller = FieldName::of("controller");
    FieldName labels = FieldName::of("labels");
    FieldName podTemplateHash = FieldName::of("pod-template-hash");
};

const Names& names() {
    static const Names all;
    return all;
}

PackedView controllerOf(PackedView object) {
    auto owners = object[names().metadata][names().ownerReferences];
    if (owners.kind() != PackedKind::List) return {};
    for (auto owner : owners)
        if (owner[names().controller].asBool()) return owner;
    return {};
}

/// "web" for the ReplicaSet "web-5d4f8c7b9" with that hash; empty when it is not made that way.
std::string_view deploymentName(std::string_view replicaSet, std::string_view hash) {
    if (hash.empty() || replicaSet.size() <= hash.size() + 1 || !replicaSet.ends_with(hash)) return {};
    auto name = replicaSet.substr(0, replicaSet.size() - hash.size());
    return name.ends_with('-') ? name.substr(0, name.size() - 1) : std::string_view();
}

}  // namespace

ObjectRef refOf(std::string_view cluster, std::string_view resource, PackedView object) {
    auto metadata = object[names().metadata];
    ObjectRef ref;
    ref.cluster = cluster;
    ref.resource = resource;
    ref.kind = kindOfResource(resource);
    if (ref.kind.empty()) ref.kind = object[names().kind].asString();
    ref.ns = metadata[names().ns].asString();
    ref.name = metadata[names().name].asString();
    ref.uid = metadata[names().uid].asString();
    return ref;
}

ObjectRef ownerOf(std::string_view cluster, std::string_view resource, PackedView object) {
    auto self = refOf(cluster, resource, object);
    auto controller = controllerOf(object);
    auto hash = object[names().metadata][names().labels][names().podTemplateHash].asString();
    ObjectRef owner = self;
    if (controller) {
        owner.kind = controller[names().kind].asString();
        owner.resource = resourceOfKind(owner.kind, controller[names().apiVersion].asString());
        owner.name = controller[names().name].asString();
        owner.uid = controller[names().uid].asString();
        if (owner.resource == "nodes") owner.ns.clear();
    }
    if (owner.kind != "ReplicaSet") return owner;
    auto deployment = deploymentName(owner.name, hash);
    if (deployment.empty()) return owner;
    return {self.cluster, "deployments.apps", "Deployment", self.ns, std::string(deployment), ""};
}

ObjectRef involvedObject(std::string_view cluster, PackedView event) {
    auto involved = event["involvedObject"];
    if (!involved) involved = event["regarding"];
    ObjectRef ref;
    ref.cluster = cluster;
    ref.kind = involved[names().kind].asString();
    ref.resource = resourceOfKind(ref.kind, involved[names().apiVersion].asString());
    ref.ns = involved[names().ns].asString();
    ref.name = involved[names().name].asString();
    ref.uid = involved[names().uid].asString();
    if (ref.uid == ref.name) ref.uid.clear();  // the kubelet writes its node's name there
    return ref;
}

}  // namespace klaw::rules
