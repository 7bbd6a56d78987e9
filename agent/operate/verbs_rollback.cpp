// Going back to an earlier revision of a workload, as `kubectl rollout undo` does.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

bool always(const CommandLine&) {
    return true;
}

/// A Pod template that the workload had.
struct Revision {
    std::int64_t number = 0;
    Json podTemplate;
    std::string images;
};

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

/// Of a Deployment's ReplicaSet. The hash is the controller's own.
Revision ofReplicaSet(const Json& set) {
    Revision revision;
    revision.number = numberOf(valueAt(set, "/metadata/annotations/deployment.kubernetes.io~1revision"));
    revision.podTemplate = valueAt(set, "/spec/template");
    if (valueAt(revision.podTemplate, "/metadata/labels").is_object())
        revision.podTemplate["metadata"]["labels"].erase("pod-template-hash");
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

/// Newest first. One that the workload has again is there once, under its new number, as the controllers keep it.
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

Task<Result<Plan>> planRollback(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto title = plan.kind + " " + plan.ns + "/" + plan.name;
    if (valueAt(read->json, "/spec/paused") == true)
        co_return fail(ErrorCode::InvalidArgument, title + " is paused and cannot be rolled back", {},
                       "resume deployment/" + plan.name + " -n " + plan.ns);
    auto revisions = co_await revisionsOf(control, caller, plan);
    if (!revisions) co_return fail(std::move(revisions).error());
    if (revisions->size() < 2) co_return fail(ErrorCode::NotFound, title + " has no earlier revision to go back to");
    auto current = revisions->front();
    auto written = line.option("to").value_or(read->words.empty() ? "" : read->words.front());
    auto wanted = written.empty() ? (*revisions)[1].number : numberOf(Json(written));
    auto target = std::ranges::find(*revisions, wanted, &Revision::number);
    if (target == revisions->end())
        co_return fail(ErrorCode::NotFound, title + " has no revision " + written, {}, "it has " + listed(*revisions));
    if (target->number == current.number)
        co_return fail(ErrorCode::Conflict, title + " is at revision " + std::to_string(wanted) + " already", {},
                       "it has " + listed(*revisions));
    GuardedPatch patch(read->json);
    patch.set("/spec/template", target->podTemplate);
    patch.putInto(plan);
    bool chinese = caller.chinese();
    plan.summary = fmt::format(
        fmt::runtime(chinese ? "将 {} 从版本 {} 回滚到版本 {}" : "roll {} back from revision {} to revision {}"), title,
        current.number, target->number);
    plan.notes.push_back((chinese ? "可用版本：" : "revisions: ") + listed(*revisions));
    plan.undo = fmt::format("rollback {}/{} -n {} --cluster {} --to {}",
                            plan.kind == "Deployment"    ? "deployment"
                            : plan.kind == "StatefulSet" ? "statefulset"
                                                         : "daemonset",
                            plan.name, plan.ns, plan.cluster, current.number);
    plan.rollout = true;
    co_return plan;
}

}  // namespace

std::vector<Verb> rollbackVerbs() {
    Verb verb;
    verb.name = "rollback", verb.aliases = {"回滚", "undo"};
    verb.usage = "rollback KIND/NAME [REVISION] -n NAMESPACE [--yes]";
    verb.summary = {"Goes back to the revision before, or the one named", "回滚到上一个或指定的版本"};
    verb.changes = always;
    verb.plan = planRollback;
    verb.permission = "workloads";
    verb.undoable = true;
    verb.options = {"to"};
    return {verb};
}

}  // namespace klaw::operate
