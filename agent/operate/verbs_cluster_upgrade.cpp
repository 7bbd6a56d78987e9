// `cluster list | preflight | upgrade`: the clusters that Cluster API manages, and another version of Kubernetes for
// one. https://cluster-api.sigs.k8s.io/tasks/experimental-features/cluster-class/operate-cluster#upgrade-a-cluster
#include <fmt/format.h>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_api.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/upgrade_preflight.hpp"
#include "base/percent.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

Result<KubernetesVersion> targetOf(const CommandLine& line) {
    auto written = line.option("to").value_or("");
    auto version = parseKubernetesVersion(written);
    if (version) return *version;
    return fail(ErrorCode::InvalidArgument,
                written.empty() ? line.verb + " needs the version" : "\"" + written + "\" is no version of Kubernetes",
                {}, "for example --to v1.34.2");
}

bool isWatched(const Control& control, const std::string& name) {
    for (const auto& cluster : control.clusters())
        if (cluster.name == name) return true;
    return false;
}

/// For a cluster of any kind: what would be in the way, and, where Cluster API does not manage it, what is to be done.
std::string writtenPlan(const std::string& cluster, const KubernetesVersion& to, bool chinese) {
    auto minor = fmt::format("v{}.{}", to.major, to.minor);
    if (chinese)
        return fmt::format(
            "该集群若由 Cluster API 管理：cluster upgrade {0} --to {1} --cluster 管理集群。否则按顺序执行：\n"
            "1. 备份 etcd 与集群对象，并验证备份。\n"
            "2. 处理上面的阻断项，再次运行 cluster preflight {0} --to {1}。\n"
            "3. 逐台控制平面节点：切换到 {2} 软件源，安装 kubeadm {1}；第一台运行 kubeadm upgrade plan {1}，然后 "
            "kubeadm "
            "upgrade apply {1}；其余运行 kubeadm upgrade node。\n"
            "4. 每台控制平面节点：drain 节点，升级 kubelet 与 kubectl 到 {1}，systemctl daemon-reload，systemctl "
            "restart kubelet，uncordon 节点。\n"
            "5. 逐台工作节点：kubeadm upgrade node，drain、升级 kubelet、重启、uncordon；等待 Pod "
            "就绪后再处理下一台。\n"
            "6. health --cluster {0} 确认一切正常。\n",
            cluster, to.text(), minor);
    return fmt::format(
        "If Cluster API manages it: cluster upgrade {0} --to {1} --cluster MANAGEMENT. Otherwise, in this order:\n"
        "1. Back up etcd and the objects of the cluster, and verify the backup.\n"
        "2. Mend the blockers above, and run cluster preflight {0} --to {1} again.\n"
        "3. Each machine of the control plane: switch to the package repository of {2}, install kubeadm {1}; on the "
        "first run kubeadm upgrade plan {1}, then kubeadm upgrade apply {1}; on the others kubeadm upgrade node.\n"
        "4. Each machine of the control plane: drain the node, upgrade kubelet and kubectl to {1}, systemctl "
        "daemon-reload, systemctl restart kubelet, uncordon the node.\n"
        "5. Each worker, one after the other: kubeadm upgrade node, drain, upgrade the kubelet, restart it, uncordon; "
        "wait for the Pods to be ready before the next.\n"
        "6. health --cluster {0} shows that all is well.\n",
        cluster, to.text(), minor);
}

Task<Result<Output>> report(Control& control, Caller caller, CommandLine line) {
    auto to = targetOf(line);
    if (!to) co_return fail(std::move(to).error());
    auto name = line.arguments.empty() ? line.option("cluster").value_or("") : line.arguments.front();
    if (!isWatched(control, name))
        co_return fail(ErrorCode::NotFound, "no cluster \"" + name + "\" is watched", {},
                       "`clusters` lists them: cluster preflight NAME --to v1.34.2");
    auto facts = co_await upgradeFactsOf(control, caller, name);
    auto findings = preflight(facts, *to, control.now());
    bool chinese = caller.chinese();
    auto verdict = blocks(findings) ? (chinese ? "现在不应升级。\n" : "It should not be upgraded now.\n")
                                    : (chinese ? "没有阻断项。\n" : "Nothing blocks it.\n");
    co_return Output(preflightTable(findings, chinese), caller.language, verdict + writtenPlan(name, *to, chinese));
}

/// What a plan of an upgrade says of the cluster itself; with an Error where that forbids it.
Task<Result<std::vector<std::string>>> lookedAt(Control& control, Caller caller, Plan plan, KubernetesVersion to,
                                                bool despite) {
    std::vector<std::string> notes;
    bool chinese = caller.chinese();
    if (!isWatched(control, plan.name)) {
        notes.push_back(chinese ? "该集群未被监控：未做升级前检查（clusters add " + plan.name + " --secret " + plan.ns +
                                      "/" + plan.name + "-kubeconfig）"
                                : "it is not watched, so nobody looked at what is in it (clusters add " + plan.name +
                                      " --secret " + plan.ns + "/" + plan.name + "-kubeconfig)");
        co_return notes;
    }
    auto facts = co_await upgradeFactsOf(control, caller, plan.name);
    // The version that Cluster API has set is what counts, also before Klaw has heard of the API server's own.
    facts.version = textAt(Json::parse(plan.before, nullptr, false), "/spec/topology/version");
    auto findings = preflight(facts, to, control.now());
    auto table = preflightTable(findings, chinese);
    std::string blockers;
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const auto& row = table.rows[i];
        auto note = row[0] + ": " + row[1] + (row[2].empty() ? "" : " (" + row[2] + ")");
        if (findings[i].level == PreflightFinding::Level::Blocker) blockers += (blockers.empty() ? "" : "; ") + note;
        notes.push_back(std::move(note));
    }
    if (!blockers.empty() && !despite)
        co_return fail(ErrorCode::InvalidArgument, blockers, {},
                       "mend it first, or add --despite-findings; `cluster preflight " + plan.name + " --to " +
                           to.text() + "` says all");
    co_return notes;
}

/// What holds whatever the cluster is like.
Result<void> checkStep(const PlannedObject& read, const KubernetesVersion& to) {
    auto now = textAt(read.json, "/spec/topology/version");
    auto from = parseKubernetesVersion(now);
    if (!from)
        return fail(ErrorCode::Unsupported,
                    read.plan.title() + " has no topology: Cluster API does not know its version", {},
                    "change spec.version of its KubeadmControlPlane and then of its MachineDeployments, by `apply`");
    if (to <= *from || to.major != from->major || to.minor > from->minor + 1)
        return fail(ErrorCode::InvalidArgument, read.plan.title() + " is at " + now + ": it cannot go to " + to.text(),
                    {}, "upgrades go forward, one minor version at a time");
    if (valueAt(read.json, "/spec/paused") == true)
        return fail(ErrorCode::Conflict, read.plan.title() + " is paused: Cluster API would do nothing", {},
                    "take spec.paused away first");
    return {};
}

Task<Result<Plan>> planUpgrade(Control& control, Caller caller, CommandLine line) {
    auto to = targetOf(line);
    if (!to) co_return fail(std::move(to).error());
    auto read = co_await managedCluster(control, caller, line);
    if (!read) co_return fail(std::move(read).error());
    if (auto fine = checkStep(*read, *to); !fine) co_return fail(std::move(fine).error());
    bool despite = line.option("despite-findings").has_value();
    auto notes = co_await lookedAt(control, caller, read->plan, *to, despite);
    if (!notes) co_return fail(std::move(notes).error());
    auto plan = std::move(read->plan);
    plan.notes = std::move(*notes);
    GuardedPatch patch(read->json);
    patch.set("/spec/topology/version", to->text());
    patch.putInto(plan);
    plan.rollout = true;
    bool chinese = caller.chinese();
    plan.notes.push_back(chinese ? "先升级控制平面，再升级工作节点；无法降级"
                                 : "the control plane goes first, then the workers; there is no way back");
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "将 {} 升级到 {}" : "upgrade {} to {}"), plan.title(), to->text());
    co_return plan;
}

Json ofNamespace(const Json& list, const std::string& ns) {
    Json some{{"items", Json::array()}};
    for (const auto& each : listAt(list, "/items"))
        if (textAt(each, "/metadata/namespace") == ns) some["items"].push_back(each);
    return some;
}

Json controlPlaneOf(const Json& cluster, const Json& planes) {
    for (const auto& each : listAt(planes, "/items"))
        if (textAt(each, "/metadata/namespace") == textAt(cluster, "/metadata/namespace") &&
            textAt(each, "/metadata/name") == textAt(cluster, "/spec/controlPlaneRef/name"))
            return each;
    return {};
}

Task<Result<Output>> listManaged(Control& control, Caller caller, CommandLine line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    if (auto there = co_await requireClusterApi(control, caller, *cluster); !there)
        co_return fail(std::move(there).error());
    auto ns = line.option("namespace").value_or("");
    std::vector<Question> questions{
        {*cluster, clusterApiPath(ns, "clusters") + "?limit=500"},
        {*cluster, clusterApiPath(ns, "machines") + "?limit=500"},
        {*cluster, clusterApiPath(ns, "machinedeployments") + "?limit=500"},
        {*cluster, "/apis/controlplane.cluster.x-k8s.io/v1beta1" +
                       (ns.empty() ? "" : "/namespaces/" + percentEncode(ns)) + "/kubeadmcontrolplanes?limit=500"}};
    bool chinese = caller.chinese();
    auto answers = co_await control.askClusters(caller, std::move(questions));
    for (std::size_t i = 0; i < 3; ++i)
        if (!answers[i]) co_return fail(std::move(answers[i]).error());
    auto deployments = Json::parse(answers[2]->text, nullptr, false);
    // Not every provider of control planes is kubeadm's.
    auto planes = answers[3] ? Json::parse(answers[3]->text, nullptr, false) : Json();
    auto clusters = Json::parse(answers[0]->text, nullptr, false), all = Json::parse(answers[1]->text, nullptr, false);
    Table table{
        {{"NAMESPACE", "命名空间"}, {"NAME", "名称"}, {"PHASE", "阶段"}, {"STATUS", "状态"}, {"WATCHED", "监控"}}, {}};
    for (const auto& each : listAt(clusters, "/items")) {
        auto name = textAt(each, "/metadata/name"), of = textAt(each, "/metadata/namespace");
        Json own{{"items", Json::array()}};
        for (const auto& machine : listAt(all, "/items"))
            if (textAt(machine, "/spec/clusterName") == name && textAt(machine, "/metadata/namespace") == of)
                own["items"].push_back(machine);
        auto whole = withTopology(each, controlPlaneOf(each, planes), ofNamespace(deployments, of));
        auto state = clusterRollout(whole, own, chinese);
        table.rows.push_back({of, name, notifiers::oneLine(textAt(each, "/status/phase")), state.text,
                              isWatched(control, name) ? (chinese ? "是" : "yes") : (chinese ? "否" : "no")});
    }
    if (table.rows.empty())
        co_return Output(chinese ? "Cluster API 没有管理任何集群。\n" : "Cluster API manages no cluster there.\n");
    co_return Output(std::move(table), caller.language);
}

}  // namespace

std::vector<Verb> clusterUpgradeVerbs() {
    Verb list;
    list.name = "cluster list", list.aliases = {"托管集群"};
    list.usage = "cluster list [-n NAMESPACE] [--cluster CLUSTER]";
    list.summary = {"Lists the clusters that Cluster API manages, with how far each is",
                    "列出 Cluster API 管理的集群及其进度"};
    list.ask = listManaged;

    Verb check;
    check.name = "cluster preflight", check.aliases = {"升级检查"};
    check.usage = "cluster preflight NAME --to v1.34.2";
    check.summary = {"Says what stands in the way of another version of Kubernetes, and what is to be done",
                     "检查升级 Kubernetes 版本的障碍，并给出步骤"};
    check.ask = report;
    check.everywhere = true;
    check.options = {"to"};

    Verb upgrade;
    upgrade.name = "cluster upgrade", upgrade.aliases = {"升级集群"};
    upgrade.usage = "cluster upgrade NAME --to v1.34.2 [-n NAMESPACE] [--despite-findings] [--cluster CLUSTER] [--yes]";
    upgrade.summary = {"Upgrades a cluster of Cluster API after a look at what is in the way, and follows it",
                       "检查后升级 Cluster API 管理的集群，并跟踪进度"};
    upgrade.changes = always;
    upgrade.plan = planUpgrade;
    upgrade.danger = Danger::High;
    upgrade.permission = "clusters";
    upgrade.options = {"to", "despite-findings"};
    return {std::move(list), std::move(check), std::move(upgrade)};
}

}  // namespace klaw::operate
