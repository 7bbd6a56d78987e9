#pragma once

#include <string>
#include <vector>

#include "agent/operate/plan.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::operate {

/// How far the eviction of the Pods of a node is, as its API server tells it. Pure: time and answers come from outside.
class EvictionRun {
public:
    /// The Pods are the parts of the plan, in their order.
    explicit EvictionRun(const Plan& plan);

    /// What is on the node now and which budgets there are: lists (JSON), of the Pods metadata is enough.
    void look(const std::string& pods, const Result<std::string>& budgets, TimePoint now);
    /// Those to try now.
    std::vector<std::size_t> due(TimePoint now) const;
    /// What the API server said to the eviction of one.
    void answered(std::size_t pod, const Result<std::string>& answer, TimePoint now);

    bool ended() const;  ///< all are gone, or will not go
    bool good() const { return gone() == pods_.size(); }
    std::size_t gone() const;
    bool moving() const;  ///< some are about to go
    /// "3 of 5 Pods evicted; waiting: shop/web-1 (disruption budget shop/web)"
    std::string text(bool chinese) const;
    /// Those that are gone, or refused for good, since the last call.
    struct Settled {
        std::size_t pod = 0;
        bool good = false;
        std::string why;
    };
    std::vector<Settled> takeSettled();

private:
    enum class State { Waiting, Going, Gone, Refused };
    struct Pod {
        std::string title, uid;
        State state = State::Waiting;
        std::string why;      ///< it waits or was refused
        std::string blocker;  ///< a budget that allows nothing now
        TimePoint tryAt{}, triedAt{};
        bool told = false;
    };

    std::vector<Pod> pods_;
};

/// Of all Pods on a node, in all namespaces.
std::string pathOfPodsOn(const std::string& node);
inline constexpr auto pathOfBudgets = "/apis/policy/v1/poddisruptionbudgets";

}  // namespace klaw::operate
