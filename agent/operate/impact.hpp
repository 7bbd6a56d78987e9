#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/operate/plan.hpp"

namespace klaw::operate {

/// How far a change of one object reaches, as its plan shows it.
struct Impact {
    /// Which Pods go before others have taken their place.
    enum class Loss {
        None,
        Itself,   ///< the object is a Pod
        Smaller,  ///< of a workload, down to `replicas`
        All,      ///< of a workload
        Parts,    ///< the parts of the plan are Pods
        Inside,   ///< of the namespace that is deleted: only the cluster knows how many
        OnNode,   ///< that do not tolerate `taints`: only the cluster knows how many
    };
    std::optional<std::int64_t> replicas{};  ///< that it leaves of a workload, where it changes their number
    std::int64_t pods = 0;                   ///< that it starts, ends or replaces
    Loss loss = Loss::None;
    bool single = false;        ///< its only Pod is replaced, and stays until the new one is ready
    bool evicts = false;        ///< the API server minds the disruption budgets
    nlohmann::json workload{};  ///< whose Pods these are, as it was
    nlohmann::json taints{};    ///< that come to a node and end its Pods
};

Impact impactOf(const Plan& plan);

/// Whether a Pod is ended by one of these taints (effect NoExecute), at once or after a while.
/// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
bool isEndedBy(const nlohmann::json& taints, const nlohmann::json& pod);

}  // namespace klaw::operate
