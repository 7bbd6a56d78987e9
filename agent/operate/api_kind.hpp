#pragma once

#include <string>

#include "agent/operate/control.hpp"

namespace klaw::operate {

/// Where the API serves the objects of a kind.
struct ApiKind {
    std::string plural;  ///< "deployments"
    bool namespaced = true;

    /// "/apis/apps/v1/namespaces/shop/deployments"
    std::string pathIn(const std::string& apiVersion, const std::string& ns) const;
};

/// Of `apiVersion` ("apps/v1") and `kind` ("Deployment"), as an object says them; a cluster is asked for those that are
/// not its own. InvalidArgument where it has no such kind.
Task<Result<ApiKind>> apiKindOf(Control& control, Caller caller, std::string cluster, std::string apiVersion,
                                std::string kind);

}  // namespace klaw::operate
