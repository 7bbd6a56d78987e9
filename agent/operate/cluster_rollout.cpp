#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/cluster_api.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longestWord = 300;

/// The machines of one role: how many there are to be, how many are as they should be, and how many are not.
struct Role {
    std::int64_t wanted = 0, ready = 0, others = 0;
};

bool isReady(const Json& machine, const std::string& version) {
    return textAt(machine, "/status/phase") == "Running" && textAt(machine, "/spec/version") == version &&
           valueAt(machine, "/metadata/deletionTimestamp").is_null();
}

Role roleOf(const Json& machines, bool controlPlane, std::int64_t wanted, const std::string& version) {
    Role role{wanted, 0, 0};
    for (const auto& machine : listAt(machines, "/items")) {
        bool leads = !valueAt(machine, "/metadata/labels/cluster.x-k8s.io~1control-plane").is_null();
        if (leads == controlPlane) ++(isReady(machine, version) ? role.ready : role.others);
    }
    return role;
}

std::int64_t replicasOf(const Json& part) {
    const auto& replicas = valueAt(part, "/replicas");
    return replicas.is_number_integer() ? replicas.get<std::int64_t>() : 1;
}

std::int64_t workersWanted(const Json& topology) {
    std::int64_t wanted = 0;
    for (const auto& deployment : listAt(topology, "/workers/machineDeployments")) wanted += replicasOf(deployment);
    return wanted;
}

const Json& conditionOf(const Json& object, std::string_view type) {
    static const Json none;
    for (const auto& condition : listAt(object, "/status/conditions"))
        if (valueAt(condition, "/type") == type) return condition;
    return none;
}

bool holds(const Json& cluster, std::string_view type) {
    return textAt(conditionOf(cluster, type), "/status") == "True";
}

/// What the controllers wait for, or complain of, in their own words.
std::string complaintOf(const Json& cluster) {
    for (const char* type : {"TopologyReconciled", "InfrastructureReady", "ControlPlaneReady", "Ready"}) {
        const auto& condition = conditionOf(cluster, type);
        if (textAt(condition, "/status") != "False") continue;
        auto message = textAt(condition, "/message");
        auto words = message.empty() ? textAt(condition, "/reason") : message;
        if (!words.empty()) return truncateUtf8(notifiers::oneLine(words), longestWord);
    }
    return {};
}

/// Why nothing will come of it any more; empty: it may.
std::string failureOf(const Json& cluster, const Json& machines) {
    auto own = textAt(cluster, "/status/failureMessage");
    if (!own.empty() || textAt(cluster, "/status/phase") == "Failed")
        return truncateUtf8(notifiers::oneLine(own.empty() ? "Failed" : own), longestWord);
    for (const auto& machine : listAt(machines, "/items"))
        if (textAt(machine, "/status/phase") == "Failed")
            return truncateUtf8(notifiers::oneLine("Machine " + textAt(machine, "/metadata/name") + ": " +
                                                   textAt(machine, "/status/failureMessage")),
                                longestWord);
    return {};
}

std::string textOf(const char* name, const Role& role, bool chinese) {
    auto text = fmt::format("{} {}/{}", name, role.ready, role.wanted);
    if (role.others > 0) text += fmt::format(fmt::runtime(chinese ? "（另有 {}）" : " (and {} others)"), role.others);
    return text;
}

bool isSettled(const Role& role) {
    return role.ready >= role.wanted && role.others == 0;
}

}  // namespace

Json withTopology(Json cluster, const Json& controlPlane, const Json& deployments) {
    if (!valueAt(cluster, "/spec/topology").is_null()) return cluster;
    Json topology{{"version", textAt(controlPlane, "/spec/version")},
                  {"controlPlane", {{"replicas", replicasOf(valueAt(controlPlane, "/spec"))}}}};
    for (const auto& deployment : listAt(deployments, "/items"))
        if (textAt(deployment, "/spec/clusterName") == textAt(cluster, "/metadata/name"))
            topology["workers"]["machineDeployments"].push_back(
                {{"replicas", replicasOf(valueAt(deployment, "/spec"))}});
    cluster["spec"]["topology"] = std::move(topology);
    // Nobody reconciles it: what there is is what was written.
    cluster["status"]["conditions"].push_back({{"type", "TopologyReconciled"}, {"status", "True"}});
    return cluster;
}

RolloutStatus clusterRollout(const Json& cluster, const Json& machines, bool chinese) {
    RolloutStatus result;
    const auto& topology = valueAt(cluster, "/spec/topology");
    auto version = textAt(topology, "/version");
    auto leaders = roleOf(machines, true, replicasOf(valueAt(topology, "/controlPlane")), version);
    auto workers = roleOf(machines, false, workersWanted(topology), version);
    result.wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, leaders.wanted + workers.wanted));
    result.ready = static_cast<std::size_t>(std::max<std::int64_t>(0, leaders.ready + workers.ready));
    result.text = version + (chinese ? "：" : ": ") + textOf(chinese ? "控制平面" : "control plane", leaders, chinese) +
                  (chinese ? "，" : ", ") + textOf(chinese ? "工作节点" : "workers", workers, chinese);
    if (auto why = failureOf(cluster, machines); !why.empty()) {
        result.state = RolloutStatus::State::Stuck;
        result.text += (chinese ? "；" : "; ") + why;
        return result;
    }
    bool complete = holds(cluster, "TopologyReconciled") && holds(cluster, "ControlPlaneReady") &&
                    textAt(cluster, "/status/phase") == "Provisioned" && isSettled(leaders) && isSettled(workers);
    if (complete)
        result.state = RolloutStatus::State::Complete;
    else if (auto why = complaintOf(cluster); !why.empty())
        result.text += (chinese ? "；" : "; ") + why;
    return result;
}

}  // namespace klaw::operate
