#pragma once

#include <string>
#include <vector>

#include "agent/operate/cluster_facts.hpp"

namespace klaw::operate {

/// How one side of a cluster is: from best to worst.
struct Check {
    enum class State { Good, Unknown, Warning, Bad };
    rules::LocalizedText name;
    State state = State::Good;
    rules::LocalizedText detail;
};

/// Of every side that is known or ought to be: API server, control plane, nodes, workloads, Pods, capacity,
/// certificates, alerts, and Klaw's own view. Pure.
std::vector<Check> checksOf(const ClusterFacts& facts, TimePoint now);

Check::State worstOf(const std::vector<Check>& checks);

rules::LocalizedText toText(Check::State state);

}  // namespace klaw::operate
