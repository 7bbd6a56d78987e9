#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/kube/api_server.hpp"

namespace klaw::operate {

/// A change of one object as it is proposed: what would be sent, on what it is based and what people are told. The
/// request itself makes the API server refuse it when the object is another one or was changed since.
struct Plan {
    std::string cluster;
    std::string ns;    ///< empty for what is of the cluster
    std::string kind;  ///< "Deployment"
    std::string name;
    std::string path;  ///< of the object
    std::string uid;
    std::string state;               ///< stateOf() what it is based on
    std::string before;              ///< the object as it was read, JSON; empty for one that was kept
    kube::ChangeRequest request;     ///< without a body in one that was kept
    std::string effects;             ///< of one that was kept: effectsOf() its body
    std::string summary;             ///< what is done, a sentence without its end
    std::vector<std::string> notes;  ///< what people should know before
    std::string evidence;            ///< path of the object that shows whether it was done
    std::string undo;                ///< the command that takes it back; empty: none
    bool rollout = false;            ///< Pods are replaced in the course of it

    std::string target() const { return cluster + (ns.empty() ? "" : "/" + ns) + "/" + kind + "/" + name; }
    /// What `--expect` is given, so that a later confirmation is about this very state.
    std::string expectation() const { return uid + "@" + state; }
};

}  // namespace klaw::operate
