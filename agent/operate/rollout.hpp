#pragma once

#include <string>

#include "base/time.hpp"

namespace klaw::operate {

/// Longer than the progress deadline that Deployments have unless they say otherwise.
inline constexpr Duration longestRollout = 15min;
/// Of a whole cluster: machines come one after the other, each in minutes.
inline constexpr Duration longestClusterRollout = 3h;

/// How far the Pods of a workload have followed its specification, by the rules of `kubectl rollout status`.
struct RolloutStatus {
    enum class State { Moving, Complete, Stuck };
    State state = State::Moving;
    std::size_t ready = 0;
    std::size_t wanted = 0;
    std::string text;  ///< a sentence without its end, in the language asked for
};

/// Of a Deployment, StatefulSet or DaemonSet (JSON), and of a Backup or Restore of Velero by its phase.
RolloutStatus rolloutStatus(const std::string& object, bool chinese);

}  // namespace klaw::operate
