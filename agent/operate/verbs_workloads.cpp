// Changes of workloads. Each verb reads the object and proposes; whoever confirms it makes it happen.
#include <fmt/format.h>

#include <charconv>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/object_notes.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

std::int64_t replicasOf(const Json& object) {
    const auto& replicas = valueAt(object, "/spec/replicas");
    return replicas.is_number_integer() ? replicas.get<std::int64_t>() : 1;
}

Task<Result<Plan>> planRestart(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    GuardedPatch patch(read->json);
    patch.set("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", formatRfc3339(control.now()));
    patch.putInto(plan);
    plan.summary = fmt::format(fmt::runtime(caller.chinese() ? "重启 {}" : "restart {}"), plan.title());
    describeGap(read->json, caller.chinese(), plan.notes);
    if (valueAt(read->json, "/spec/paused") == true)
        co_return fail(ErrorCode::InvalidArgument, plan.title() + " is paused: its Pods do not follow it", {},
                       "resume " + plan.address());
    plan.rollout = true;
    co_return plan;
}

/// An autoscaler that would take the number back.
Task<std::string> autoscalerOf(Control& control, Caller caller, Plan plan) {
    auto path = "/apis/autoscaling/v2/namespaces/" + percentEncode(plan.ns) + "/horizontalpodautoscalers";
    auto body = co_await control.askCluster(std::move(caller), plan.cluster, std::move(path), "application/json");
    auto list = body ? Json::parse(*body, nullptr, false) : Json();
    for (const auto& item : valueAt(list, "/items"))
        if (valueAt(item, "/spec/scaleTargetRef/kind") == plan.kind &&
            valueAt(item, "/spec/scaleTargetRef/name") == plan.name)
            co_return textAt(item, "/metadata/name");
    co_return std::string();
}

Task<Result<Plan>> planScale(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto written = line.option("replicas").value_or(read->words.empty() ? "" : read->words.front());
    std::int64_t replicas = -1;
    auto number = std::from_chars(written.data(), written.data() + written.size(), replicas);
    constexpr std::int64_t most = 10'000;
    if (number.ec != std::errc() || number.ptr != written.data() + written.size() || replicas < 0 || replicas > most)
        co_return fail(ErrorCode::InvalidArgument, "scale needs how many replicas there should be", {},
                       "for example: scale deploy/web 3 -n shop");
    auto plan = std::move(read->plan);
    auto current = replicasOf(read->json);
    GuardedPatch patch(read->json);
    patch.set("/spec/replicas", replicas);
    patch.putInto(plan);
    bool chinese = caller.chinese();
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "将 {} 从 {} 个副本调整为 {} 个" : "scale {} from {} to {} replicas"),
                    plan.title(), current, replicas);
    if (replicas == 0)
        plan.notes.push_back(chinese ? "之后没有任何 Pod 提供服务" : "no Pod of it will be left to serve");
    auto autoscaler = co_await autoscalerOf(control, caller, plan);
    if (!autoscaler.empty())
        plan.notes.push_back(fmt::format(
            fmt::runtime(chinese ? "HPA {} 可能会改回副本数" : "the HorizontalPodAutoscaler {} may set another number"),
            autoscaler));
    plan.undo = "scale " + plan.address() + " --replicas " + std::to_string(current);
    plan.rollout = true;
    co_return plan;
}

/// `pause` and `resume` of a Deployment, `suspend` and `resume` of a CronJob.
Task<Result<Plan>> planSwitch(Control& control, Caller caller, CommandLine line) {
    bool resumes = findVerb(line.verb)->name == "resume";
    std::vector<std::string_view> kinds{"deployments", "cronjobs"};
    if (!resumes) kinds.erase(findVerb(line.verb)->name == "pause" ? kinds.begin() + 1 : kinds.begin());
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    bool cron = plan.kind == "CronJob", chinese = caller.chinese();
    std::string pointer = cron ? "/spec/suspend" : "/spec/paused";
    const auto& now = valueAt(read->json, pointer);
    if ((now == true) == !resumes)
        co_return fail(ErrorCode::Conflict, plan.title() + (resumes ? " is not " : " is ") +
                                                (cron ? "suspended" : "paused") + (resumes ? "" : " already"));
    GuardedPatch patch(read->json);
    patch.set(pointer, !resumes);
    patch.putInto(plan);
    auto what = resumes ? (chinese ? "恢复 {}" : "resume {}")
                : cron  ? (chinese ? "暂停 {}：不再按计划运行" : "suspend {}: it starts no Jobs")
                        : (chinese ? "暂停 {} 的发布" : "pause the rollouts of {}");
    plan.summary = fmt::format(fmt::runtime(what), plan.title());
    plan.undo = (resumes ? cron ? "suspend " : "pause " : "resume ") + plan.address();
    plan.rollout = resumes && !cron;
    co_return plan;
}

/// A Job of a CronJob, now, as `kubectl create job --from` makes it.
Task<Result<Plan>> planRun(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"cronjobs"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    const auto& wanted = valueAt(read->json, "/spec/jobTemplate");
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(control.now().time_since_epoch()).count();
    auto name = plan.name.substr(0, 50) + "-" + std::to_string(seconds);
    Json job{{"apiVersion", "batch/v1"}, {"kind", "Job"}};
    job["metadata"] = valueAt(wanted, "/metadata").is_object() ? wanted["metadata"] : Json::object();
    job["metadata"]["name"] = name;
    if (!valueAt(job, "/metadata/annotations").is_object()) job["metadata"]["annotations"] = Json::object();
    job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] = "manual";
    job["metadata"]["ownerReferences"] = Json::array({Json{{"apiVersion", "batch/v1"},
                                                           {"kind", "CronJob"},
                                                           {"name", plan.name},
                                                           {"uid", plan.uid},
                                                           {"controller", true},
                                                           {"blockOwnerDeletion", true}}});
    job["spec"] = valueAt(wanted, "/spec");
    plan.request = {"POST", "/apis/batch/v1/namespaces/" + percentEncode(plan.ns) + "/jobs", "application/json",
                    job.dump()};
    plan.evidence = plan.request.path + "/" + percentEncode(name);
    plan.summary = fmt::format(
        fmt::runtime(caller.chinese() ? "立即运行 {}，Job 名为 {}" : "run {} now, as the Job {}"), plan.title(), name);
    co_return plan;
}

/// Through the eviction API, which honours disruption budgets.
Task<Result<Plan>> planEvict(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"pods"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    Json eviction{{"apiVersion", "policy/v1"},
                  {"kind", "Eviction"},
                  {"metadata", {{"name", plan.name}, {"namespace", plan.ns}}},
                  {"deleteOptions", {{"preconditions", {{"uid", plan.uid}}}}}};
    plan.request = {"POST", plan.path + "/eviction", "application/json", eviction.dump()};
    plan.summary = fmt::format(fmt::runtime(caller.chinese() ? "驱逐 {}" : "evict {}"), plan.title());
    describeOwner(read->json, caller.chinese(), plan.notes);
    co_return plan;
}

Verb changing(std::string_view name, std::vector<std::string_view> aliases, std::string_view usage,
              rules::LocalizedText summary, Task<Result<Plan>> (*plan)(Control&, Caller, CommandLine),
              bool undoable = false, std::vector<std::string_view> options = {}) {
    Verb verb;
    verb.name = name;
    verb.aliases = std::move(aliases);
    verb.usage = usage;
    verb.summary = std::move(summary);
    verb.changes = always;
    verb.plan = plan;
    verb.permission = "workloads";
    bool harmless = name == "pause" || name == "suspend";
    verb.danger = harmless ? Danger::Low : Danger::Medium;
    verb.undoable = undoable;
    verb.options = std::move(options);
    return verb;
}

}  // namespace

std::vector<Verb> workloadVerbs() {
    return {
        changing("restart", {"重启"}, "restart KIND/NAME -n NAMESPACE [--yes]",
                 {"Replaces the Pods of a workload one by one", "滚动重启工作负载"}, planRestart),
        changing("scale", {"扩缩", "伸缩"}, "scale KIND/NAME REPLICAS -n NAMESPACE [--yes]",
                 {"Sets how many replicas there are", "调整副本数"}, planScale, true, {"replicas"}),
        changing("pause", {"暂停"}, "pause deployment/NAME -n NAMESPACE [--yes]",
                 {"Holds the rollouts of a Deployment", "暂停 Deployment 的发布"}, planSwitch, true),
        changing("resume", {"恢复"}, "resume KIND/NAME -n NAMESPACE [--yes]",
                 {"Lets a paused Deployment or suspended CronJob go on", "恢复 Deployment 或 CronJob"}, planSwitch,
                 true),
        changing("suspend", {"挂起"}, "suspend cronjob/NAME -n NAMESPACE [--yes]",
                 {"Keeps a CronJob from starting Jobs", "挂起 CronJob"}, planSwitch, true),
        changing("run", {"运行"}, "run cronjob/NAME -n NAMESPACE [--yes]",
                 {"Starts a Job of a CronJob now", "立即运行 CronJob"}, planRun),
        changing("evict", {"驱逐"}, "evict pod/NAME -n NAMESPACE [--yes]",
                 {"Evicts a Pod unless a disruption budget forbids it", "驱逐 Pod（遵守 PDB）"}, planEvict),
    };
}

}  // namespace klaw::operate
