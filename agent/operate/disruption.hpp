#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/access/limit.hpp"
#include "agent/operate/caller.hpp"
#include "agent/operate/control.hpp"
#include "base/async/task.hpp"

namespace klaw::operate {

/// What is lost when certain Pods go, at once and with nobody waiting for others in their place.
struct Disruption {
    /// A PodDisruptionBudget that does not allow so many to go.
    struct Budget {
        std::string ns, name;
        std::int64_t allowed = 0;  ///< now
        std::int64_t leaving = 0;  ///< ready ones that it is about
    };
    /// Pods of one workload of which none that is ready stays.
    struct Last {
        std::string ns, name;  ///< "web", or the name of a Pod that is alone
        std::int64_t leaving = 0;
    };
    /// A `min_healthy` of the configuration that would not hold.
    struct TooFew {
        std::string ns, selector;
        std::int64_t least = 0, ready = 0, left = 0;
    };
    std::vector<Budget> budgets;
    std::vector<Last> last;
    std::vector<TooFew> tooFew;
    std::vector<std::string> unknown;         ///< what could not be found out, a sentence each
    std::vector<std::string> unknownMinimum;  ///< the same of a `min_healthy`: nobody can say whether it would hold
};

/// Whether a Pod serves: its condition Ready is true, and it is not being deleted.
bool isReady(const nlohmann::json& pod);

/// Whether a node that is drained, or a workload that is made smaller, ends this Pod: not one that has ended, is being
/// deleted, is of a DaemonSet or is the mirror of a static one.
bool leavesWithItsNode(const nlohmann::json& pod);

/// All Pods that a path without options names, page by page: a part of them would look like too few.
Task<Result<std::vector<nlohmann::json>>> allPods(Control& control, Caller caller, std::string cluster,
                                                  std::string path);

/// By which the Pods of the same workload are found, of whatever revision: the labels but those of a revision or of one
/// Pod. Empty for a Pod without others.
std::string siblingSelector(const nlohmann::json& pod);

/// Budgets (the items of a list) that do not allow these Pods to go; those that are not ready take nothing from them.
std::vector<Disruption::Budget> brokenBudgets(const nlohmann::json& budgets,
                                              const std::vector<nlohmann::json>& leaving);

/// What it would mean that `leaving` go, which are Pods of one cluster as the API server has them. Asks for the other
/// Pods of their workloads, for disruption budgets, and for the Pods that `limits` protect.
Task<Disruption> disruptionBy(Control& control, Caller caller, std::string cluster, std::vector<nlohmann::json> leaving,
                              std::vector<access::Limit> limits);

/// "the disruption budget shop/web allows 0 Pods of it to go, and this takes 1"
std::string describe(const Disruption::Budget& budget, bool chinese);
std::string describe(const Disruption::Last& last, bool chinese);
std::string describe(const Disruption::TooFew& minimum, bool chinese);

}  // namespace klaw::operate
