#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <set>

#include "rules/grouper.hpp"
#include "rules/rule_table.hpp"
#include "test/unit/rules/default_pack.hpp"
#include "test/unit/rules/engine_test.hpp"

namespace klaw::rules {
namespace {

using testing::ElementsAre;

struct Upstream {
    const char* name;
    Duration holdFor;
    Severity severity;
    const char* labels;  ///< sorted
};

/// As kube-prometheus renders them (manifests/kubernetesControlPlane-prometheusRule.yaml and
/// nodeExporter-prometheusRule.yaml, August 2026), where an alert can be told without a Prometheus server. The labels
/// are those of the alert's expression without what names the scraped target; `node` is beside `instance` where that is
/// the node's name.
constexpr Upstream upstream[] = {
    {"KubePodCrashLooping", 15min, Severity::Warning, "container namespace pod reason"},
    {"KubePodNotReady", 15min, Severity::Warning, "namespace pod"},
    {"KubeDeploymentGenerationMismatch", 15min, Severity::Warning, "deployment namespace"},
    {"KubeDeploymentReplicasMismatch", 15min, Severity::Warning, "deployment namespace"},
    {"KubeDeploymentRolloutStuck", 15min, Severity::Warning, "condition deployment namespace reason status"},
    {"KubeStatefulSetReplicasMismatch", 15min, Severity::Warning, "namespace statefulset"},
    {"KubeStatefulSetGenerationMismatch", 15min, Severity::Warning, "namespace statefulset"},
    {"KubeStatefulSetUpdateNotRolledOut", 15min, Severity::Warning, "namespace statefulset"},
    {"KubeDaemonSetRolloutStuck", 15min, Severity::Warning, "daemonset namespace"},
    {"KubeContainerWaiting", 1h, Severity::Warning, "container namespace pod reason"},
    {"KubeDaemonSetNotScheduled", 10min, Severity::Warning, "daemonset namespace"},
    {"KubeDaemonSetMisScheduled", 15min, Severity::Warning, "daemonset namespace"},
    {"KubeJobNotCompleted", 12h, Severity::Warning, "job_name namespace"},  // upstream as a part of the condition
    {"KubeJobFailed", 15min, Severity::Warning, "condition job_name namespace"},
    {"KubeHpaReplicasMismatch", 15min, Severity::Warning, "horizontalpodautoscaler namespace"},
    {"KubeHpaMaxedOut", 15min, Severity::Warning, "horizontalpodautoscaler namespace"},
    {"KubePdbNotEnoughHealthyPods", 15min, Severity::Warning, "namespace poddisruptionbudget"},
    {"KubeCPUOvercommit", 10min, Severity::Warning, ""},
    {"KubeMemoryOvercommit", 10min, Severity::Warning, ""},
    {"KubeQuotaAlmostFull", 15min, Severity::Info, "namespace resource resourcequota"},
    {"KubeQuotaFullyUsed", 15min, Severity::Info, "namespace resource resourcequota"},
    {"KubeQuotaExceeded", 15min, Severity::Warning, "namespace resource resourcequota"},
    {"CPUThrottlingHigh", 15min, Severity::Info, "container namespace pod"},
    {"KubePersistentVolumeFillingUp", 1min, Severity::Critical, "namespace node persistentvolumeclaim"},
    {"KubePersistentVolumeFillingUp", 1h, Severity::Warning, "namespace node persistentvolumeclaim"},
    {"KubePersistentVolumeInodesFillingUp", 1min, Severity::Critical, "namespace node persistentvolumeclaim"},
    {"KubePersistentVolumeInodesFillingUp", 1h, Severity::Warning, "namespace node persistentvolumeclaim"},
    {"KubePersistentVolumeErrors", 5min, Severity::Critical, "persistentvolume phase"},
    {"KubeAggregatedAPIDown", 5min, Severity::Warning, "name"},
    {"KubeAPIDown", 15min, Severity::Critical, "job"},
    {"KubeNodeNotReady", 15min, Severity::Warning, "condition node status"},
    {"KubeNodePressure", 10min, Severity::Info, "condition node status"},
    {"KubeNodeUnreachable", 15min, Severity::Warning, "effect key node"},
    {"KubeletTooManyPods", 15min, Severity::Info, "node"},
    {"KubeNodeReadinessFlapping", 15min, Severity::Warning, "node"},
    {"KubeSchedulerDown", 15min, Severity::Critical, "job"},
    {"KubeControllerManagerDown", 15min, Severity::Critical, "job"},
    {"NodeFilesystemAlmostOutOfSpace", 30min, Severity::Warning, "device instance mountpoint node"},
    {"NodeFilesystemAlmostOutOfSpace", 30min, Severity::Critical, "device instance mountpoint node"},
    {"NodeFilesystemAlmostOutOfFiles", 1h, Severity::Warning, "device instance mountpoint node"},
    {"NodeFilesystemAlmostOutOfFiles", 1h, Severity::Critical, "device instance mountpoint node"},
    {"NodeCPUHighUsage", 15min, Severity::Info, "instance node"},
    {"NodeMemoryHighUtilization", 15min, Severity::Warning, "instance node"},
};

std::string labelsOf(const Rule& rule) {
    return fmt::format("{}", fmt::join(labelNamesOf(rule), " "));
}

TEST(MixinPack, HasTheNamesTimesSeveritiesAndLabelsOfKubePrometheus) {
    auto rules = allRulesOf("mixin");
    for (const auto& wanted : upstream) {
        auto same = [&](const Rule& rule) {
            return alertnameOf(rule) == wanted.name && rule.holdFor == wanted.holdFor &&
                   rule.severity == wanted.severity;
        };
        auto found = std::ranges::find_if(rules, same);
        ASSERT_NE(found, rules.end()) << wanted.name << " " << toString(wanted.severity);
        EXPECT_EQ(labelsOf(*found), wanted.labels) << wanted.name;
    }
}

TEST(MixinPack, KeepsNoUpstreamAlertQuietForOneThatUpstreamDoesNotKnow) {
    std::set<std::string> names;
    for (const auto& rule : allRulesOf("mixin"))
        if (rule.formerName != rule.name) names.insert(rule.name);
    for (const auto& rule : allRulesOf("mixin"))
        if (names.contains(rule.name))
            for (const auto& inhibitor : rule.inhibitedBy)
                EXPECT_TRUE(names.contains(inhibitor.alert)) << rule.name << " by " << inhibitor.alert;
}

/// What the mixin pack says of a cluster, routed and inhibited as an Alertmanager that was set up for kube-prometheus
/// would.
class MixinAlerts : public EngineTest {
protected:
    void SetUp() override { engine_ = std::make_unique<RuleEngine>(loadPack("mixin").rules, objects_); }

    std::vector<Alert> firing() const {
        std::vector<Alert> all;
        engine_->forEachAlert([&](const Alert& alert) {
            if (alert.state() == AlertState::Firing) all.push_back(alert);
        });
        return all;
    }

    static Route route(const std::string& matchers, std::string receiver) {
        Route route;
        route.match = *CompiledMatchers::compileSelection(*parseSelection(matchers));
        route.notify = {std::move(receiver)};
        return route;
    }

    /// Receivers of each incident, by its alerts' name.
    std::map<std::string, std::string> routed(std::vector<Route> routes) const {
        AlertGrouper grouper(loadPack("mixin").rules);
        IncidentUpdates updates;
        for (const auto& alert : firing()) grouper.apply({Transition::Reason::Fired, alert, now_}, updates);
        const Routes all(std::move(routes), {"default"});
        std::map<std::string, std::string> receivers;
        for (const auto& update : updates)
            if (!update.incident.inhibited)
                receivers[update.incident.rule] =
                    fmt::format("{}", fmt::join(all.of(update.incident, update.at).notify, ","));
        return receivers;
    }

    /// As the inhibition of kube-prometheus' own Alertmanager has it: where a worse alert of the same name fires in the
    /// same namespace.
    bool inhibitedUpstream(const Alert& target) const {
        auto part = [](const Alert& alert, const char* name) {
            auto found = alert.labels.find(name);
            return found == alert.labels.end() ? std::string() : found->second;
        };
        auto alertname = [&](const Alert& alert) {
            auto own = part(alert, "alertname");
            return own.empty() ? alert.rule : own;
        };
        return std::ranges::any_of(firing(), [&](const Alert& source) {
            return source.severity > target.severity && alertname(source) == alertname(target) &&
                   part(source, "namespace") == part(target, "namespace");
        });
    }
};

TEST_F(MixinAlerts, OfATotalOutageGoWhereTheirNamesAndNamespacesAreRouted) {
    put(R"({"metadata":{"name":"web","namespace":"shop","uid":"d1"},"spec":{"replicas":3},"status":{"updatedReplicas":3}})",
        "deployments.apps");
    put(R"({"metadata":{"name":"db","namespace":"pay","uid":"d2"},"spec":{"replicas":1},"status":{"updatedReplicas":1}})",
        "deployments.apps");
    pass(15min);
    auto receivers = routed({route(R"(alertname="KubeDeploymentReplicasMismatch", namespace="shop")", "shop"),
                             route(R"(alertname=~"Kube.*", severity="warning")", "platform")});
    EXPECT_EQ(receivers["KubeDeploymentReplicasMismatch"], "platform") << "the last one, of pay";
    remove("d2", "deployments.apps");
    receivers = routed({route(R"(alertname="KubeDeploymentReplicasMismatch", namespace="shop")", "shop"),
                        route(R"(alertname=~"Kube.*", severity="warning")", "platform")});
    EXPECT_EQ(receivers["KubeDeploymentReplicasMismatch"], "shop");
}

TEST_F(MixinAlerts, OfNodesGoWhereTheirLabelsAreRouted) {
    put(R"({"metadata":{"name":"n1","uid":"n1"},"spec":{"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoSchedule"}]},
         "status":{"conditions":[{"type":"Ready","status":"Unknown"}]}})",
        "nodes");
    pass(15min);
    auto receivers = routed({route(R"(alertname="KubeNodeUnreachable", effect="NoSchedule")", "pager"),
                             route(R"(alertname="KubeNodeNotReady", condition="Ready", status="true")", "nodes")});
    EXPECT_EQ(receivers["KubeNodeUnreachable"], "pager");
    EXPECT_EQ(receivers["KubeNodeNotReady"], "nodes");
}

TEST_F(MixinAlerts, AreInhibitedAsInTheAlertmanagerOfKubePrometheus) {
    auto volume = [](double free) {
        return Sample{
            "volume_available_ratio", {{"namespace", "shop"}, {"persistentvolumeclaim", "data"}}, free, {}, {}};
    };
    for (double free : {0.22, 0.18, 0.14, 0.10, 0.06, 0.02, 0.02}) {
        samples({volume(free)});
        pass(2h);
    }
    std::map<std::string, bool> inhibited;
    for (const auto& alert : firing()) inhibited[alert.rule] = inhibitedUpstream(alert);
    EXPECT_THAT(inhibited, ElementsAre(testing::Pair("KubePersistentVolumeFillingUp", false),
                                       testing::Pair("KubePersistentVolumeFillingUpWarning", true)));
}

}  // namespace
}  // namespace klaw::rules
