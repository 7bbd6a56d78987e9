#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rules/change.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// What a container may use, where its Pod says so.
struct Allowance {
    std::optional<double> cpu, memory;  ///< cores, bytes
};

struct MeasuredContainer {
    Allowance limit, request;
};

struct MeasuredPod {
    rules::ObjectRef object, owner;
    std::map<std::string, MeasuredContainer, std::less<>> containers;
};

struct MeasuredNode {
    rules::ObjectRef object;
    Allowance allocatable;
    std::string resourceMetricsPath;  ///< where an annotation says that it is; else empty
};

/// The nodes and Pods that a cluster's metrics are about, found by name: made for one look, from the objects that are
/// watched.
class MeasuredObjects {
public:
    MeasuredObjects(const rules::ObjectSource& objects, std::string_view cluster);
    const MeasuredNode* node(std::string_view name) const;
    const MeasuredPod* pod(std::string_view ns, std::string_view name) const;
    /// A reference by name alone where the object is not known (yet).
    rules::ObjectRef nodeRef(std::string_view name) const;
    const std::map<std::string, MeasuredNode, std::less<>>& nodes() const { return nodes_; }

private:
    std::string cluster_;
    std::map<std::string, MeasuredNode, std::less<>> nodes_;
    std::map<std::string, std::map<std::string, MeasuredPod, std::less<>>, std::less<>> pods_;  ///< by namespace, name
};

}  // namespace klaw::scrape
