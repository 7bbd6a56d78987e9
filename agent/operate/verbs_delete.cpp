// `delete KIND/NAME`. The request carries the UID of the object that was shown.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/object_notes.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asMetadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/// Deleting one stops a cluster, or what all others stand on.
constexpr std::array<std::string_view, 4> keptNamespaces{"default", "kube-system", "kube-public", "kube-node-lease"};

Result<void> checkNamespace(const std::string& name, const std::string& own) {
    if (name == own)
        return fail(ErrorCode::InvalidArgument, "the namespace " + name + " is the one that Klaw runs in", {},
                    "delete it with kubectl, when Klaw is stopped");
    if (std::ranges::find(keptNamespaces, name) == keptNamespaces.end()) return {};
    return fail(ErrorCode::InvalidArgument, "the namespace " + name + " is of the cluster itself", {},
                "Klaw does not delete it");
}

std::size_t countOf(const Result<Answer>& answer) {
    auto list = answer ? Json::parse(answer->text, nullptr, false) : Json();
    const auto &items = valueAt(list, "/items"), &more = valueAt(list, "/metadata/remainingItemCount");
    return (items.is_array() ? items.size() : 0) + (more.is_number_unsigned() ? more.get<std::size_t>() : 0);
}

/// "3 pods, 1 deployments, 2 secrets"
Task<std::string> contentsOf(Control& control, Caller caller, Plan plan) {
    constexpr std::array<std::string_view, 11> kinds{"pods",       "deployments", "statefulsets", "daemonsets",
                                                     "jobs",       "cronjobs",    "services",     "ingresses",
                                                     "configmaps", "secrets",     "pvc"};
    std::vector<Question> questions;
    for (auto kind : kinds)
        questions.push_back({plan.cluster, pathOf(*findResourceKind(kind), plan.name) + "?limit=1", asMetadata});
    auto answers = co_await control.askClusters(std::move(caller), std::move(questions));
    std::string text, unknown;
    for (std::size_t i = 0; i < answers.size() && i < kinds.size(); ++i) {
        auto count = countOf(answers[i]);
        if (!answers[i]) unknown += (unknown.empty() ? "" : ", ") + std::string(kinds[i]);
        if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(kinds[i]);
    }
    if (!unknown.empty()) text += (text.empty() ? "" : ", ") + ("an unknown number of " + unknown);
    co_return text;
}

std::size_t numberAt(const Json& object, const std::string& pointer) {
    const auto& value = valueAt(object, pointer);
    return value.is_number_unsigned() ? value.get<std::size_t>() : 0;
}

/// What goes with it, beside itself.
void describeLoss(const Plan& plan, const Json& object, bool chinese, std::vector<std::string>& notes) {
    auto say = [&](const char* en, const char* zh) { notes.emplace_back(chinese ? zh : en); };
    auto pods = std::max(numberAt(object, "/status/replicas"), numberAt(object, "/status/currentNumberScheduled"));
    if (pods > 0)
        notes.push_back(
            fmt::format(fmt::runtime(chinese ? "它的 {} 个 Pod 会一起删除" : "its {} Pods go with it"), pods));
    if (plan.kind == "StatefulSet")
        say("its PersistentVolumeClaims stay unless it says otherwise", "它的 PVC 默认保留");
    if (plan.kind == "Job" || plan.kind == "CronJob")
        say("its Pods and their logs go with it", "它的 Pod 与日志会一起删除");
    if (plan.kind == "Service" || plan.kind == "Ingress")
        say("what reaches its Pods through it does not any more", "通过它访问的流量会中断");
    if (plan.kind == "ConfigMap" || plan.kind == "Secret")
        say("Pods that need it do not start any more", "依赖它的 Pod 将无法启动");
    if (plan.kind == "PersistentVolumeClaim")
        say("what is stored on its volume is lost, unless the volume is to be kept (reclaimPolicy Retain)",
            "卷上的数据会丢失，除非 reclaimPolicy 为 Retain");
    if (plan.kind == "HorizontalPodAutoscaler") say("the number of replicas stays as it is then", "副本数将保持不变");
    for (const auto& owner : valueAt(object, "/metadata/ownerReferences"))
        if (plan.kind != "Pod" && valueAt(owner, "/controller") == true)
            notes.push_back(fmt::format(fmt::runtime(chinese ? "{} {} 会重新创建它" : "its {} {} makes another one"),
                                        textAt(owner, "/kind"), textAt(owner, "/name")));
}

/// Where only the status counts in the resourceVersion, the UID says enough about what is deleted.
void expectTheSame(Plan& plan) {
    bool written = plan.kind == "ConfigMap" || plan.kind == "Secret";
    if (plan.state.starts_with('r') && !written) plan.state.clear();
}

Task<Result<Plan>> planDelete(Control& control, Caller caller, CommandLine line) {
    auto kinds = deletableKinds();
    // A name alone is that of a Pod: nobody deletes something else by mistake.
    bool kindSaid =
        line.arguments.size() > 1 || (!line.arguments.empty() && line.arguments.front().find('/') != std::string::npos);
    if (!kindSaid) kinds.resize(1);
    if (line.arguments.size() > 2)
        co_return fail(ErrorCode::InvalidArgument, "delete takes one object at a time", {}, "write KIND/NAME");
    auto word =
        line.arguments.empty() ? std::string() : line.arguments.front().substr(0, line.arguments.front().find('/'));
    const auto* meant = findResourceKind(word);
    bool ofNamespace = meant && meant->name == "namespaces";
    if (ofNamespace) {
        line.options.erase("namespace");
        kinds.assign(1, "namespaces");
    }
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    bool chinese = caller.chinese();
    if (plan.kind == "Namespace") {
        if (auto fine = checkNamespace(plan.name, control.ownNamespace()); !fine)
            co_return fail(std::move(fine).error());
        auto contents = co_await contentsOf(control, caller, plan);
        plan.notes.push_back(chinese ? "其中有：" + (contents.empty() ? "没有工作负载" : contents)
                                     : "in it: " + (contents.empty() ? "no workloads" : contents));
        plan.notes.emplace_back(chinese ? "其中的一切都会删除，无法恢复"
                                        : "everything in it goes with it, and does not come back");
        plan.permission = "namespaces";
        if (line.option("confirm").value_or("") != plan.name) plan.stillNeeded = "--confirm " + plan.name;
    }
    Json options{{"apiVersion", "v1"},
                 {"kind", "DeleteOptions"},
                 {"propagationPolicy", "Background"},
                 {"preconditions", {{"uid", plan.uid}}}};
    plan.request = {"DELETE", plan.path, "application/json", options.dump()};
    plan.summary = fmt::format(fmt::runtime(chinese ? "删除 {}" : "delete {}"), plan.title());
    if (plan.kind == "Pod") describeOwner(read->json, chinese, plan.notes);
    describeLoss(plan, read->json, chinese, plan.notes);
    expectTheSame(plan);
    co_return plan;
}

}  // namespace

std::vector<Verb> deleteVerbs() {
    Verb verb;
    verb.name = "delete", verb.aliases = {"删除"};
    verb.usage = "delete KIND/NAME -n NAMESPACE | namespace/NAME --confirm NAME [--yes]";
    verb.summary = {"Deletes a Pod, workload, Service, Ingress, ConfigMap, Secret, Job, claim, HPA or namespace",
                    "删除 Pod、工作负载、Service、Ingress、ConfigMap、Secret、Job、PVC、HPA 或命名空间"};
    verb.changes = always;
    verb.plan = planDelete;
    verb.danger = Danger::High;
    verb.permission = "workloads";
    verb.options = {"confirm"};
    return {verb};
}

}  // namespace klaw::operate
