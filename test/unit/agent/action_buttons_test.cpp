#include "agent/deliver/action_buttons.hpp"

#include <gmock/gmock.h>

#include "agent/operate/catalogue.hpp"
#include "rules/action_names.hpp"

namespace klaw::deliver {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

rules::Incident incidentOf(const rules::ObjectRef& object, std::vector<std::string> actions) {
    rules::Alert alert;
    alert.object = object;
    alert.actions = std::move(actions);
    alert.firedAt = TimePoint();
    rules::Incident incident;
    incident.id = "a1";
    incident.cluster = "prod";
    incident.owner = object;
    incident.alerts.push_back(std::move(alert));
    return incident;
}

std::vector<std::string> commandsOf(const rules::ObjectRef& object, std::vector<std::string> actions) {
    std::vector<std::string> commands;
    for (const auto& button : actionButtons(incidentOf(object, std::move(actions)), "en"))
        commands.push_back(button.command);
    return commands;
}

const rules::ObjectRef pod{"prod", "pods", "Pod", "shop", "web-1", "u1"};
const rules::ObjectRef node{"prod", "nodes", "Node", "", "n1", "u2"};
const rules::ObjectRef claim{"prod", "persistentvolumeclaims", "PersistentVolumeClaim", "shop", "data", "u3"};
const rules::ObjectRef wholeCluster{"prod", "", "", "", "", ""};

TEST(ActionButtons, ReadInTheNamespaceOfWhatFails) {
    EXPECT_THAT(commandsOf(pod, {"logs", "describe", "top", "events"}),
                ElementsAre("logs web-1 -n shop --cluster prod", "describe pod/web-1 -n shop --cluster prod",
                            "top pods -n shop --cluster prod", "events -n shop --cluster prod"));
    EXPECT_THAT(
        commandsOf(claim, {"describe", "events"}),
        ElementsAre("describe persistentvolumeclaim/data -n shop --cluster prod", "events -n shop --cluster prod"));
}

TEST(ActionButtons, ReadAboutNodesAndTheClusterWithoutANamespace) {
    EXPECT_THAT(
        commandsOf(node, {"describe", "top", "events"}),
        ElementsAre("describe node/n1 --cluster prod", "top nodes --cluster prod", "events -n default --cluster prod"));
    EXPECT_THAT(commandsOf(wholeCluster, {"top", "describe", "events", "silence"}),
                ElementsAre("top nodes --cluster prod"));
}

TEST(ActionButtons, AreNotMadeOfNamesThatNeedQuotes) {
    EXPECT_THAT(commandsOf({"prod", "pods", "Pod", "shop", "web 1; x", "u1"}, {"logs", "describe", "events"}),
                IsEmpty());
}

TEST(ActionButtons, OfEveryActionThatARuleMayNameAreCommands) {
    for (auto action : rules::actionNames()) EXPECT_NE(operate::findVerb(action), nullptr) << action;
}

TEST(ActionButtons, AreThereForEveryActionThatARuleMayName) {
    const std::vector<rules::ObjectRef> objects{pod,
                                                node,
                                                {"prod", "deployments.apps", "Deployment", "shop", "web", "u"},
                                                {"prod", "cronjobs.batch", "CronJob", "shop", "c", "u"}};
    for (auto action : rules::actionNames()) {
        if (action == "silence") continue;
        bool made = std::ranges::any_of(
            objects, [&](const auto& object) { return !commandsOf(object, {std::string(action)}).empty(); });
        EXPECT_TRUE(made) << action;
    }
}

}  // namespace
}  // namespace klaw::deliver
