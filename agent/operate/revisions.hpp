#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/operate/control.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {

/// A Pod template that a workload has or had.
struct Revision {
    std::int64_t number = 0;
    nlohmann::json podTemplate;
    nlohmann::json annotations;  ///< of a Deployment then; null: they stay
    std::string images;
    std::string cause;   ///< the annotation kubernetes.io/change-cause
    std::string madeAt;  ///< RFC 3339, when it was new
};

/// Of a Deployment, StatefulSet or DaemonSet, newest first. One that the workload has again is
/// there once, under its new number, as the controllers keep it.
Task<Result<std::vector<Revision>>> revisionsOf(Control& control, Caller caller, Plan plan);

/// Makes the annotations of a workload those of a revision, but for those that are the Deployment's own.
void putAnnotations(const nlohmann::json& workload, const nlohmann::json& wanted, GuardedPatch& patch);

/// "3 (web:2), 2 (web:1)"
std::string listed(const std::vector<Revision>& revisions);

/// The field manager that wrote the Pod template last; empty where nobody is named.
std::string lastWriterOfTemplate(const nlohmann::json& workload);

}  // namespace klaw::operate
