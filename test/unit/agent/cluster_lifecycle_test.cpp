#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr auto clustersPath = "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/clusters";
constexpr auto classesPath = "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/clusterclasses?limit=500";
constexpr auto onePath = "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/clusters/one";
constexpr auto machinesPath =
    "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/"
    "machines?limit=500&labelSelector=cluster.x-k8s.io%2Fcluster-name%3Done";

json namedClass(const char* name) {
    return {{"metadata", {{"name", name}}},
            {"spec",
             {{"workers", {{"machineDeployments", {{{"class", "small"}}, {{"class", "large"}}}}}},
              {"variables",
               {{{"name", "region"}, {"required", true}, {"schema", {{"openAPIV3Schema", {{"type", "string"}}}}}},
                {{"name", "disks"}, {"required", false}, {"schema", {{"openAPIV3Schema", {{"type", "integer"}}}}}}}}}}};
}

json machine(const char* version, bool leads) {
    json made{{"metadata", {{"name", "m"}, {"labels", json::object()}}},
              {"spec", {{"version", version}}},
              {"status", {{"phase", "Running"}}}};
    if (leads) made["metadata"]["labels"]["cluster.x-k8s.io/control-plane"] = "";
    return made;
}

class ClusterLifecycleTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        control.objects["/apis/cluster.x-k8s.io"] = {{"versions", {{{"groupVersion", "cluster.x-k8s.io/v1beta1"}}}}};
        control.objects[classesPath] = {{"items", {namedClass("standard")}}};
    }
    json one(const char* version) {
        return {{"kind", "Cluster"},
                {"metadata", {{"name", "one"}, {"namespace", "fleet"}, {"uid", "u-one"}, {"generation", 3}}},
                {"spec",
                 {{"topology",
                   {{"version", version},
                    {"controlPlane", {{"replicas", 1}}},
                    {"workers", {{"machineDeployments", json::array()}}}}}}},
                {"status",
                 {{"phase", "Provisioned"},
                  {"conditions",
                   {{{"type", "ControlPlaneReady"}, {"status", "True"}},
                    {{"type", "TopologyReconciled"}, {"status", "True"}}}}}}};
    }
    std::string refusal(const std::string& command) {
        auto answer = ask(command);
        EXPECT_FALSE(answer.ok) << answer.text;
        EXPECT_THAT(control.changes, IsEmpty()) << command;
        return answer.text;
    }
};

constexpr auto deploy = "cluster deploy one --version v1.34.2 --workers small=2,large=1 region=eu disks=3 -n fleet";

TEST_F(ClusterLifecycleTest, DeployMakesTheClusterThatTheClassDescribesAndWatchesItOnceItIsReady) {
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun()) {
            control.objects[onePath] = one("v1.34.2");
            control.objects[machinesPath] = {{"items", {machine("v1.34.2", true)}}};
        }
        co_return one("v1.34.2").dump();
    };
    auto done = confirmed(deploy);
    EXPECT_TRUE(done.ok) << done.text;
    ASSERT_THAT(control.changes, SizeIs(testing::Ge(2u)));
    EXPECT_EQ(control.changes.back().request.path, clustersPath);
    auto sent = json::parse(control.changes.back().request.body);
    EXPECT_EQ(sent["spec"]["topology"],
              json::parse(R"({"class":"standard","version":"v1.34.2","controlPlane":{"replicas":1},
        "workers":{"machineDeployments":[{"class":"small","name":"md-0","replicas":2},{"class":"large","name":"md-1","replicas":1}]},
        "variables":[{"name":"region","value":"eu"},{"name":"disks","value":3}]})"));
    for (int seconds = 0; control.added.empty() && seconds < 30; ++seconds) clock.advance(1s);
    ASSERT_THAT(control.added, SizeIs(1));
    EXPECT_EQ(control.added[0].name, "one");
    EXPECT_EQ(control.added[0].secret, (kube::SecretReference{"prod", "fleet", "one-kubeconfig", "value"}));
}

constexpr auto fromTemplate = "cluster deploy one --template plain --version v1.34.2 --workers 2 ZONE=eu -n fleet";
constexpr auto templatePath = "/api/v1/namespaces/fleet/configmaps/plain";
constexpr auto planePath =
    "/apis/controlplane.cluster.x-k8s.io/v1beta1/namespaces/fleet/kubeadmcontrolplanes/one-plane";

json plainTemplate(const std::string& more = {}) {
    return {{"data", {{"cluster.yaml", R"(apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: "${CLUSTER_NAME}", namespace: "${NAMESPACE}"}
spec: {controlPlaneRef: {apiVersion: controlplane.cluster.x-k8s.io/v1beta1, kind: KubeadmControlPlane, name: "${CLUSTER_NAME}-plane"}}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata: {name: "${CLUSTER_NAME}-plane", labels: {zone: "${ZONE}"}}
spec: {version: "${KUBERNETES_VERSION}", replicas: ${CONTROL_PLANE_MACHINE_COUNT}}
)" + more}}}};
}

void serveClusterApi(FakeControl& control) {
    control.objects["/apis/cluster.x-k8s.io/v1beta1"] = {
        {"resources", {{{"name", "clusters"}, {"kind", "Cluster"}, {"namespaced", true}}}}};
    control.objects["/apis/controlplane.cluster.x-k8s.io/v1beta1"] = {
        {"resources", {{{"name", "kubeadmcontrolplanes"}, {"kind", "KubeadmControlPlane"}, {"namespaced", true}}}}};
}

TEST_F(ClusterLifecycleTest, DeployMakesWhatATemplateSaysTheClusterLastAndFollowsIt) {
    serveClusterApi(control);
    control.objects[templatePath] = plainTemplate();
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (change.request.path == onePath && !change.dryRun()) {
            auto made = one("");
            made["spec"] = json::parse(change.request.body)["spec"];
            control.objects[onePath] = made;
            control.objects[planePath] = {{"spec", {{"version", "v1.34.2"}, {"replicas", 1}}}};
            control.objects["/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet/machinedeployments?limit=500"] = {
                {"items", json::array()}};
            control.objects[machinesPath] = {{"items", {machine("v1.34.2", true)}}};
        }
        co_return change.request.body;
    };
    auto done = confirmed(fromTemplate);
    EXPECT_TRUE(done.ok) << done.text;
    std::vector<std::string> made;
    for (const auto& change : control.changes)
        if (!change.dryRun()) made.push_back(change.request.path);
    EXPECT_THAT(made, testing::ElementsAre(planePath, onePath));
    EXPECT_EQ(sent(control.changes.size() - 2)["spec"], json::parse(R"({"version":"v1.34.2","replicas":1})"));
    EXPECT_EQ(sent(control.changes.size() - 2)["metadata"]["labels"]["zone"], "eu");
    for (int seconds = 0; control.added.empty() && seconds < 30; ++seconds) clock.advance(1s);
    ASSERT_THAT(control.added, SizeIs(1));
    EXPECT_EQ(rows().back(), (std::pair<std::string, std::string>("prod/fleet/Cluster/one", "completed")));
}

TEST_F(ClusterLifecycleTest, TemplateMakesNothingButClusters) {
    serveClusterApi(control);
    control.objects[templatePath] =
        plainTemplate("---\napiVersion: v1\nkind: Secret\nmetadata: {name: extra}\ndata: {}\n");
    EXPECT_THAT(refusal(fromTemplate), HasSubstr("no object of Cluster API"));
    control.objects[templatePath] = plainTemplate();
    EXPECT_THAT(refusal("cluster deploy one --template plain --version v1.34.2 -n fleet"), HasSubstr("wants ZONE"));
    EXPECT_THAT(refusal(std::string(fromTemplate) + " --class standard"), HasSubstr("is for a ClusterClass"));
    EXPECT_THAT(refusal("cluster deploy one --template fleet/plain/x --version v1.34.2 ZONE=eu -n fleet"),
                AllOf(HasSubstr("no key \"x\""), HasSubstr("cluster.yaml")));
}

TEST_F(ClusterLifecycleTest, DeploySaysWhatIsMissingOrUnknown) {
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --workers small=1 -n fleet"),
                HasSubstr("wants the variable region"));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --workers small=1 region=eu cloud=x -n fleet"),
                AllOf(HasSubstr("no variable \"cloud\""), HasSubstr("region, disks")));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --workers small=1 region=eu disks=many -n fleet"),
                HasSubstr("is of the type integer"));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --workers 2 region=eu -n fleet"),
                AllOf(HasSubstr("which workers are meant"), HasSubstr("small, large")));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --workers huge=2 region=eu -n fleet"),
                HasSubstr("no workers \"huge\""));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --class big -n fleet"), HasSubstr("there are standard"));
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 --control-plane 2 -n fleet"), HasSubstr("majority"));
    EXPECT_THAT(refusal("cluster deploy one --version newest -n fleet"), HasSubstr("is no version of Kubernetes"));
    EXPECT_THAT(refusal("cluster deploy One --version v1.34.2 -n fleet"), HasSubstr("needs a name of small letters"));
    EXPECT_THAT(refusal("cluster deploy prod --version v1.34.2 -n fleet"), HasSubstr("--as NAME"));
    control.objects[onePath] = one("v1.33.0");
    EXPECT_THAT(refusal("cluster deploy one --version v1.34.2 -n fleet"), HasSubstr("already"));
    control.objects.erase("/apis/cluster.x-k8s.io");
    EXPECT_THAT(refusal("cluster deploy two --version v1.34.2 -n fleet"),
                AllOf(HasSubstr("Cluster API is not installed"), HasSubstr("clusterctl init")));
}

TEST_F(ClusterLifecycleTest, UpgradeIsGuardedByTheVersionOfTheObjectThatWasRead) {
    control.objects[onePath] = one("v1.33.4");
    auto preview = ask("cluster upgrade one --to v1.34.2 -n fleet");
    EXPECT_THAT(preview.text, AllOf(HasSubstr("upgrade Cluster fleet/one to v1.34.2"), HasSubstr("it is not watched")));
    ask(preview.confirm);
    auto patch = json::parse(control.changes.back().request.body);
    EXPECT_EQ(
        patch,
        json::parse(
            R"([{"op":"test","path":"/metadata/uid","value":"u-one"},{"op":"test","path":"/metadata/generation","value":3},
        {"op":"add","path":"/spec/topology/version","value":"v1.34.2"}])"));
}

TEST_F(ClusterLifecycleTest, UpgradeGoesOneMinorVersionForward) {
    control.objects[onePath] = one("v1.33.4");
    for (const char* to : {"v1.33.4", "v1.32.9", "v1.35.0", "v2.0.0"})
        EXPECT_THAT(refusal(std::string("cluster upgrade one -n fleet --to ") + to), HasSubstr("is at v1.33.4")) << to;
    control.objects[onePath]["spec"]["paused"] = true;
    EXPECT_THAT(refusal("cluster upgrade one -n fleet --to v1.34.0"), HasSubstr("is paused"));
    control.objects[onePath]["spec"].erase("topology");
    EXPECT_THAT(refusal("cluster upgrade one -n fleet --to v1.34.0"), HasSubstr("has no topology"));
}

TEST_F(ClusterLifecycleTest, UpgradeIsRefusedByWhatStandsInItsWayUnlessSomebodyTakesItUponThemselves) {
    control.clusterLabels["one"] = {};
    control.objects[onePath] = one("v1.33.4");
    control.objects["/api/v1/nodes?limit=500"] = {{"items", {{{"metadata", {{"name", "n1"}}}}}}};
    EXPECT_THAT(refusal("cluster upgrade one -n fleet --to v1.34.0 --cluster prod"),
                AllOf(HasSubstr("nodes are not ready (n1)"), HasSubstr("--despite-findings")));
    auto preview = ask("cluster upgrade one -n fleet --to v1.34.0 --cluster prod --despite-findings");
    EXPECT_THAT(preview.text, HasSubstr("blocker: nodes are not ready (n1)"));
    EXPECT_NE(preview.confirm, "");
}

TEST_F(ClusterLifecycleTest, OnlyThoseWhoMayChangeClustersDo) {
    EXPECT_THAT(ask(deploy, "feishu:ou_op").text, HasSubstr("has no role that allows \"cluster deploy\""));
}

}  // namespace
}  // namespace klaw::app
