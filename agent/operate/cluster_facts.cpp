#include "agent/operate/cluster_facts.hpp"

#include <span>

#include "agent/operate/cluster_answers.hpp"
#include "agent/operate/server_table.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

constexpr auto asJson = "application/json";
constexpr auto asText = "*/*";
constexpr auto leasesOfTheControlPlane = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/";
/// Of Pods whose usage is read: metrics.k8s.io has no pages.
constexpr std::size_t mostPodsForUsage = 5000;

/// What each cluster is asked, in this order.
enum Asked {
    Readiness,
    Nodes,
    PodCount,
    PodsNotStarted,
    Deployments,
    StatefulSets,
    DaemonSets,
    Scheduler,
    Controllers,
    NodeUsage,
    questionCount
};

std::vector<Question> questionsFor(const std::string& cluster, const std::string& ns) {
    std::string in = ns.empty() ? "" : "/namespaces/" + percentEncode(ns);
    std::string leases = leasesOfTheControlPlane;
    return {{cluster, "/readyz?verbose", asText},
            {cluster, "/api/v1/nodes?limit=500", asJson},
            {cluster, "/api/v1" + in + "/pods?limit=1", asTable},
            {cluster,
             "/api/v1" + in + "/pods?limit=500&fieldSelector=" +
                 percentEncode("status.phase!=Running,status.phase!=Succeeded,status.phase!=Failed"),
             asTable},
            {cluster, "/apis/apps/v1" + in + "/deployments?limit=2000", asTable},
            {cluster, "/apis/apps/v1" + in + "/statefulsets?limit=2000", asTable},
            {cluster, "/apis/apps/v1" + in + "/daemonsets?limit=2000", asTable},
            {cluster, leases + "kube-scheduler", asJson},
            {cluster, leases + "kube-controller-manager", asJson},
            {cluster, "/apis/metrics.k8s.io/v1beta1/nodes", asJson}};
}

using Answers = std::span<Result<Answer>>;

Result<WorkloadFacts> workloadsOf(Answers answers, bool withNamespace) {
    WorkloadFacts facts;
    for (auto [asked, kind] :
         {std::pair(Deployments, "deployment"), {StatefulSets, "statefulset"}, {DaemonSets, "daemonset"}}) {
        if (!answers[asked]) return fail(answers[asked].error());
        auto added = addWorkloads(answers[asked]->text, kind, withNamespace, facts);
        if (!added) return fail(std::move(added).error());
    }
    return facts;
}

Result<PodFacts> podsOf(Answers answers) {
    for (auto asked : {PodCount, PodsNotStarted})
        if (!answers[asked]) return fail(answers[asked].error());
    return readPods(answers[PodCount]->text, answers[PodsNotStarted]->text);
}

/// A part without a Lease is not an error: those of a provider run where nobody sees them.
Result<LeaderFacts> leadersOf(Answers answers, TimePoint now) {
    LeaderFacts facts;
    for (auto [asked, age] : {std::pair(Scheduler, &facts.scheduler), {Controllers, &facts.controllerManager}}) {
        if (answers[asked])
            *age = leaseAge(answers[asked]->text, now);
        else if (answers[asked].error().code != ErrorCode::NotFound)
            return fail(answers[asked].error());
    }
    return facts;
}

template <class Facts>
Result<Facts> readWith(const Result<Answer>& answer, Result<Facts> (*read)(const std::string& text)) {
    return answer ? read(answer->text) : fail(answer.error());
}

ClusterFacts factsFrom(const Control& control, ClusterView view, Answers answers, const std::string& ns) {
    ClusterFacts facts;
    facts.view = std::move(view);
    facts.readiness = readWith(answers[Readiness], readReadiness);
    if (facts.readiness) {
        facts.readiness->latency = answers[Readiness]->took;
        facts.readiness->certificateEnds = answers[Readiness]->certificateEnds;
    }
    facts.nodes = readWith(answers[Nodes], readNodes);
    facts.pods = podsOf(answers);
    facts.workloads = workloadsOf(answers, ns.empty());
    facts.leaders = leadersOf(answers, control.now());
    facts.usage = readWith(answers[NodeUsage], readNodeUsage);
    control.forEachIncident([&](const rules::Incident& incident) {
        if (incident.cluster != facts.view.name || incident.firing == 0) return;
        if (!ns.empty() && incident.owner.ns != ns) return;
        ++(incident.severity == rules::Severity::Critical ? facts.critical : facts.warning);
    });
    return facts;
}

/// In a second round, once it is known that they are not too many.
Task<void> addPodUsage(Control& control, Caller caller, std::vector<ClusterFacts>& all, std::string ns) {
    std::vector<Question> questions;
    std::vector<ClusterFacts*> asked;
    for (auto& facts : all) {
        if (!facts.usage || !facts.pods) continue;
        facts.usage->tooManyPods = facts.pods->pods > mostPodsForUsage;
        if (facts.usage->tooManyPods) continue;
        std::string in = ns.empty() ? "" : "/namespaces/" + percentEncode(ns);
        questions.push_back({facts.view.name, "/apis/metrics.k8s.io/v1beta1" + in + "/pods", asJson});
        asked.push_back(&facts);
    }
    auto answers = co_await control.askClusters(std::move(caller), std::move(questions));
    for (std::size_t i = 0; i < answers.size(); ++i)
        if (answers[i]) addPodUsage(answers[i]->text, *asked[i]->usage);
}

}  // namespace

Task<std::vector<ClusterFacts>> factsOf(Control& control, Caller caller, std::vector<std::string> clusters,
                                        std::string ns) {
    std::vector<Question> questions;
    for (const auto& cluster : clusters)
        for (auto& question : questionsFor(cluster, ns)) questions.push_back(std::move(question));
    auto answers = co_await control.askClusters(caller, std::move(questions));
    auto views = control.clusters();
    std::vector<ClusterFacts> all;
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        co_await control.sleepFor(Duration::zero());  // others take their turn: an answer may be of megabytes
        ClusterView view;
        view.name = clusters[i];
        for (auto& known : views)
            if (known.name == clusters[i]) view = known;
        all.push_back(
            factsFrom(control, std::move(view), Answers(answers).subspan(i * questionCount, questionCount), ns));
    }
    co_await addPodUsage(control, caller, all, ns);
    for (auto& facts : all)
        if (ns.empty() && facts.nodes) facts.capacity = co_await control.capacityOf(facts.view.name);
    co_return all;
}

}  // namespace klaw::operate
