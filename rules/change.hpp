#pragma once

#include <string>
#include <string_view>

#include "base/packed/packed.hpp"
#include "base/time.hpp"

namespace klaw::rules {

/// One difference between what was known of an object and what is known now. Views are valid during the call only.
struct Change {
    enum class Type { Added, Modified, Deleted };

    Type type = Type::Added;
    std::string_view cluster;
    std::string_view resource;  ///< canonical: "pods", "deployments.apps"
    PackedView object;          ///< projected; on Deleted the last known state
    PackedView old;             ///< projected previous state; missing on Added
    bool initial = false;       ///< seen in a first list, so it may have happened before the agent started
};

/// Where an object is, as text for people and as identity for the machine.
struct ObjectRef {
    std::string cluster;
    std::string resource;  ///< canonical plural
    std::string kind;      ///< "Pod"; may be empty when only the resource is known
    std::string ns;        ///< empty for cluster-scoped objects
    std::string name;
    std::string uid;
    friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

}  // namespace klaw::rules
