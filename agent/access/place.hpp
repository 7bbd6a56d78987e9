#pragma once

#include <string>
#include <string_view>

namespace klaw::access {

/// Where in the clusters something is. With an empty `ns` it is of the cluster as a whole, or of all its namespaces;
/// with an empty `name` it is all objects of the resource.
struct Place {
    std::string cluster;
    std::string ns;
    std::string resource;  ///< "deployments"
    std::string name;
    /// The object is still to be looked up: resource and name are not known yet. Who may at least do it to some object
    /// there may ask; what is done to the one that is found is decided again.
    bool open = false;
    friend bool operator==(const Place&, const Place&) = default;
};

/// Of a path of the Kubernetes API, with or without query: "/apis/apps/v1/namespaces/shop/deployments/web". A
/// namespace itself is within itself; a subresource belongs to its object.
Place placeOfPath(std::string cluster, std::string_view path);

/// Where the target of a row of the audit log is: "prod/shop/Deployment/web", "prod/Node/n1". Cluster and namespace
/// only.
Place placeOfTarget(std::string_view target);

}  // namespace klaw::access
