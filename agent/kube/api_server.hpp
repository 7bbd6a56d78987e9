#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/access/permit.hpp"
#include "agent/kube/cluster_access.hpp"
#include "agent/kube/credentials.hpp"
#include "base/net/http_client.hpp"

namespace klaw::kube {

/// A request that changes an object. `path` may have a query.
struct ChangeRequest {
    std::string method;  ///< "PATCH", "POST", "DELETE"
    std::string path;
    std::string contentType = "application/json";
    std::string body;

    /// What a permit for it names.
    std::string digest() const { return access::digestOf(method, path, body); }
    /// "shop" in "/api/v1/namespaces/shop/pods/web" and "/api/v1/namespaces/shop"; empty for what is of the cluster.
    std::string ns() const;
};

/// The API server of one cluster: credentials, TLS and the wording of refusals. On the loop thread.
///
/// Errors: Unauthenticated 401, PermissionDenied 403, NotFound 404, Conflict 409, Expired 410, InvalidArgument 400 and
/// 422, ResourceExhausted 429 and Unavailable 5xx with the server's Retry-After; the message is that of the Status.
class ApiServer {
public:
    ApiServer(Loop& loop, LoopClock& clock, ClusterAccess access);

    const ClusterAccess& access() const { return access_; }
    /// `path` with query, from "/". A 401 is answered once by asking for credentials anew. `caller`: whom it is for,
    /// as whom it is asked where callers are impersonated; empty: the agent itself.
    Task<Result<net::HttpResponse>> get(std::string path, Duration timeout, std::string accept = "application/json",
                                        std::string caller = {});
    /// Sends a change once, with `dryRun=All` for a permit of that extent. OutcomeUnknown when no answer came.
    /// PermissionDenied, and nothing is sent, for a permit that is for something else.
    Task<Result<net::HttpResponse>> change(access::Permit permit, ChangeRequest change, Duration timeout);
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string path, Duration timeout);

    /// "v1.36.3"
    Task<Result<std::string>> version();
    /// "/api/v1/pods" for "pods"; groups that are not built in are looked up in the discovery of the server.
    Task<Result<std::string>> pathOf(std::string resource);

private:
    Task<Result<net::HttpRequest>> request(const std::string& path, std::string accept = "application/json");
    Task<Result<net::HttpRequest>> changeRequest(const access::Permit& permit, const ChangeRequest& change);
    void impersonate(net::HttpRequest& request, const std::string& caller) const;
    bool mayTryAgain(int status);

    ClusterAccess access_;
    Credentials credentials_;
    net::HttpClient client_;
    std::uint64_t tlsVersion_ = 0;
    std::map<std::string, std::string> groupVersions_;  ///< of groups looked up
};

/// The failure that a status code and a body (a metav1.Status or anything) stand for.
Error statusError(const net::HttpHead& head, std::string_view body, const std::string& place);

}  // namespace klaw::kube
