#include "agent/operate/restore_step.hpp"

#include "agent/backup/restore_object.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A claim keeps its volume; everything else that was given out the API server keeps by itself.
void keepWhatIsGivenOut(const backup::Kind& kind, Json& object, const Json& there) {
    object["metadata"]["resourceVersion"] = textAt(there, "/metadata/resourceVersion");
    object["metadata"]["uid"] = textAt(there, "/metadata/uid");
    const auto& volume = valueAt(there, "/spec/volumeName");
    if (kind.resource() == "persistentvolumeclaims" && volume.is_string()) object["spec"]["volumeName"] = volume;
    const auto& selector = valueAt(there, "/spec/selector");
    if (kind.resource() == "jobs.batch" && selector.is_object()) object["spec"]["selector"] = selector;
}

}  // namespace

std::string permissionFor(const backup::Kind& kind) {
    if (kind.group() == "rbac.authorization.k8s.io") return "access";
    if (kind.resource() == "namespaces") return "namespaces";
    return kind.namespaced ? "workloads" : "nodes";
}

Json linkedOwners(const Json& owners, const RestoredUids& uids, std::vector<std::string>& lost) {
    Json linked = Json::array();
    if (!owners.is_array()) return linked;
    for (auto owner : owners) {
        auto known = uids.find(textAt(owner, "/uid"));
        if (known == uids.end()) {
            lost.push_back(textAt(owner, "/kind") + " " + textAt(owner, "/name"));
            continue;
        }
        owner["uid"] = known->second;
        linked.push_back(std::move(owner));
    }
    return linked;
}

Task<Result<RestoreStep>> restoreStepOf(Control& control, Caller caller, std::string cluster, backup::RestoreItem item,
                                        const RestoredUids& uids) {
    RestoreStep step;
    auto& part = step.part;
    part.cluster = cluster;
    part.ns = item.kind.resource() == "namespaces" ? std::string() : item.ns;
    part.kind = item.kind.kind;
    part.name = item.name;
    part.path = part.evidence = item.path();
    part.permission = permissionFor(item.kind);
    step.why = item.notRestored;
    if (!item.notRestored.empty()) {
        step.state = RestoreStep::State::NotRestored;
        co_return step;
    }
    auto body = co_await control.askCluster(std::move(caller), std::move(cluster), part.path, asJson);
    if (!body && body.error().code != ErrorCode::NotFound) co_return fail(std::move(body).error());
    auto object = std::move(item.object);
    auto owners = linkedOwners(item.owners, uids, step.lostOwners);
    if (!body) {
        if (!owners.empty()) object["metadata"]["ownerReferences"] = std::move(owners);
        // Only a path that names it is within a namespace that is still to be made.
        bool isNamespace = item.kind.resource() == "namespaces";
        part.request = {"POST", item.kind.listPath(item.ns), asJson, dumped(object)};
        if (isNamespace) part.request = {"PATCH", part.path, applyType, dumped(object)};
        part.summary = "restore " + part.title();
        part.wanted = dumped(object);
        co_return step;
    }
    auto there = Json::parse(*body, nullptr, false);
    if (valueAt(there, "/metadata/deletionTimestamp").is_string()) {
        step.state = RestoreStep::State::Leaving;
        step.why = "the one that is there is being deleted";
        co_return step;
    }
    step.uid = textAt(there, "/metadata/uid");
    bool same = backup::saysTheSame(item.kind, object, there);
    step.state = same ? RestoreStep::State::Same : RestoreStep::State::Different;
    keepWhatIsGivenOut(item.kind, object, there);
    auto kept = valueAt(there, "/metadata/ownerReferences");
    step.lacksOwners = !kept.is_array() && item.owners.is_array() && !item.owners.empty();
    if (kept.is_array()) object["metadata"]["ownerReferences"] = std::move(kept);
    part.uid = step.uid;
    part.request = {"PUT", part.path, asJson, dumped(object)};
    part.before = std::move(*body);
    part.summary = "overwrite " + part.title();
    co_return step;
}

}  // namespace klaw::operate
