#pragma once

#include <string_view>

#include "base/packed/packed.hpp"
#include "rules/change.hpp"

namespace klaw::rules {

/// Where an object is.
ObjectRef refOf(std::string_view cluster, std::string_view resource, PackedView object);

/// The workload that controls an object, or the object itself. A ReplicaSet that a Deployment made counts as the
/// Deployment: its name without "-<pod-template-hash>", which object and ReplicaSet carry as label. A Job stays a Job.
ObjectRef ownerOf(std::string_view cluster, std::string_view resource, PackedView object);

/// The object an Event is about.
ObjectRef involvedObject(std::string_view cluster, PackedView event);

}  // namespace klaw::rules
