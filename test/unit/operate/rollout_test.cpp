#include "agent/operate/rollout.hpp"

#include <gtest/gtest.h>

namespace klaw::operate {
namespace {

using State = RolloutStatus::State;

std::string deployment(const std::string& status, int generation = 2) {
    return R"({"kind":"Deployment","metadata":{"generation":)" + std::to_string(generation) +
           R"(},"spec":{"replicas":3},"status":)" + status + "}";
}

void expect(const std::string& object, State state, const std::string& text) {
    auto status = rolloutStatus(object, false);
    EXPECT_EQ(status.state, state) << object;
    EXPECT_EQ(status.text, text);
}

TEST(Rollout, OfADeploymentEndsWhenAllNewPodsServeAndNoOldOneIsLeft) {
    expect(deployment(R"({"observedGeneration":1,"replicas":3,"updatedReplicas":3,"availableReplicas":3})"),
           State::Moving, "waiting for the controller to see it");
    expect(deployment(R"({"observedGeneration":2,"replicas":4,"updatedReplicas":1,"availableReplicas":3})"),
           State::Moving, "3/3 ready, 1 updated");
    expect(deployment(R"({"observedGeneration":2,"replicas":4,"updatedReplicas":3,"availableReplicas":3})"),
           State::Moving, "3/3 ready, 1 old ones still to go");
    expect(deployment(R"({"observedGeneration":2,"replicas":3,"updatedReplicas":3,"availableReplicas":2})"),
           State::Moving, "2/3 ready");
    expect(deployment(R"({"observedGeneration":2,"replicas":3,"updatedReplicas":3,"availableReplicas":3})"),
           State::Complete, "3/3 ready");
}

TEST(Rollout, OfADeploymentIsStuckOnceItsDeadlineHasPassed) {
    expect(deployment(R"({"observedGeneration":2,"replicas":4,"updatedReplicas":1,"availableReplicas":3,"conditions":[
               {"type":"Progressing","reason":"ProgressDeadlineExceeded","message":"has timed out"}]})"),
           State::Stuck, "3/3 ready: has timed out");
}

TEST(Rollout, OfOtherKindsFollowsTheirOwnNumbers) {
    expect(R"({"kind":"StatefulSet","metadata":{"generation":1},"spec":{"replicas":2},
               "status":{"observedGeneration":1,"updatedReplicas":1,"readyReplicas":2}})",
           State::Moving, "2/2 ready, 1 updated");
    expect(R"({"kind":"DaemonSet","metadata":{"generation":1},"spec":{},
               "status":{"observedGeneration":1,"desiredNumberScheduled":5,"updatedNumberScheduled":5,"numberAvailable":5}})",
           State::Complete, "5/5 ready");
    expect("no object", State::Moving, "");
}

TEST(Rollout, OfAnObjectOfOddTypesIsStillMoving) {
    auto status = rolloutStatus(R"({"kind":7,"metadata":[],"spec":{"replicas":1},
        "status":{"conditions":[{"type":["Progressing"],"reason":{},"message":3},5]}})",
                                false);
    EXPECT_EQ(status.state, RolloutStatus::State::Moving);
}

}  // namespace
}  // namespace klaw::operate
