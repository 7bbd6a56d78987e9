#include <gmock/gmock.h>

#include "agent/operate/cluster_api.hpp"

namespace klaw::operate {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using State = RolloutStatus::State;

json cluster(const char* reconciled = "True", const char* waitsFor = "") {
    auto object = json::parse(R"({"spec":{"topology":{"version":"v1.30.0","controlPlane":{"replicas":1},
        "workers":{"machineDeployments":[{"class":"small","name":"md-0","replicas":2}]}}},
        "status":{"phase":"Provisioned","conditions":[{"type":"ControlPlaneReady","status":"True"}]}})");
    object["status"]["conditions"].push_back(
        {{"type", "TopologyReconciled"}, {"status", reconciled}, {"message", waitsFor}});
    return object;
}

json machine(const char* version, const char* phase, bool leads = false) {
    json made{{"metadata", {{"name", "m"}, {"labels", json::object()}}},
              {"spec", {{"version", version}}},
              {"status", {{"phase", phase}}}};
    if (leads) made["metadata"]["labels"]["cluster.x-k8s.io/control-plane"] = "";
    return made;
}

RolloutStatus statusOf(const json& object, std::initializer_list<json> machines) {
    return clusterRollout(object, {{"items", json(machines)}}, false);
}

TEST(ClusterRollout, IsCompleteWhenEveryMachineRunsTheVersion) {
    auto status = statusOf(
        cluster(), {machine("v1.30.0", "Running", true), machine("v1.30.0", "Running"), machine("v1.30.0", "Running")});
    EXPECT_EQ(status.state, State::Complete);
    EXPECT_EQ(status.text, "v1.30.0: control plane 1/1, workers 2/2");
}

TEST(ClusterRollout, WithoutATopologyIsToldByItsControlPlaneAndItsDeployments) {
    auto made = json::parse(R"({"metadata":{"name":"one"},"spec":{"controlPlaneRef":{"name":"one"}},
        "status":{"phase":"Provisioned","conditions":[{"type":"ControlPlaneReady","status":"True"}]}})");
    auto whole =
        withTopology(made, json::parse(R"({"spec":{"version":"v1.30.0","replicas":1}})"), json::parse(R"({"items":[
        {"spec":{"clusterName":"one","replicas":1}},{"spec":{"clusterName":"other","replicas":9}}]})"));
    auto early = statusOf(whole, {machine("v1.30.0", "Running", true)});
    EXPECT_EQ(early.state, State::Moving);
    auto complete = statusOf(whole, {machine("v1.30.0", "Running", true), machine("v1.30.0", "Running")});
    EXPECT_EQ(complete.state, State::Complete);
    EXPECT_EQ(complete.text, "v1.30.0: control plane 1/1, workers 1/1");
    EXPECT_EQ(withTopology(cluster(), {}, {}), cluster());
}

TEST(ClusterRollout, MovesWhileMachinesAreOfTheOldVersionOrAreLeaving) {
    auto leaving = machine("v1.30.0", "Running");
    leaving["metadata"]["deletionTimestamp"] = "2026-11-25T10:00:00Z";
    auto status = statusOf(cluster(), {machine("v1.30.0", "Running", true), machine("v1.30.0", "Running"),
                                       machine("v1.30.0", "Running"), machine("v1.29.0", "Running"), leaving});
    EXPECT_EQ(status.state, State::Moving);
    EXPECT_EQ(status.text, "v1.30.0: control plane 1/1, workers 2/2 (and 2 others)");
}

TEST(ClusterRollout, SaysWhatTheWorkersWaitFor) {
    auto status = statusOf(cluster("False", "MachineDeployment(s) md-0 upgrade on hold"),
                           {machine("v1.30.0", "Provisioning", true), machine("v1.29.0", "Running", true)});
    EXPECT_EQ(status.state, State::Moving);
    EXPECT_EQ(status.text,
              "v1.30.0: control plane 0/1 (and 2 others), workers 0/2; MachineDeployment(s) md-0 upgrade on hold");
}

TEST(ClusterRollout, IsStuckWhenAMachineHasFailed) {
    auto failed = machine("v1.30.0", "Failed", true);
    failed["status"]["failureMessage"] = "quota of the project\nis used up";
    auto status = statusOf(cluster(), {failed});
    EXPECT_EQ(status.state, State::Stuck);
    EXPECT_THAT(status.text, HasSubstr("Machine m: quota of the project is used up"));
}

TEST(ClusterRollout, IsNotCompleteBeforeThereIsAnything) {
    EXPECT_EQ(statusOf(cluster(), {}).state, State::Moving);
    EXPECT_EQ(statusOf(json::parse(R"({"spec":7,"status":[]})"), {json(3)}).state, State::Moving);
}

}  // namespace
}  // namespace klaw::operate
