#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/access/permit.hpp"
#include "agent/kube/cluster_access.hpp"
#include "agent/kube/credentials.hpp"
#include "agent/kube/exec_session.hpp"
#include "base/net/http_client.hpp"

namespace klaw::kube {

/// Whom a request is for, and as whom a cluster is asked that impersonates callers; without a name the agent itself.
struct Person {
    std::string user;
    std::vector<std::string> groups;

    Person() = default;
    explicit Person(std::string who, std::vector<std::string> in = {}) : user(std::move(who)), groups(std::move(in)) {}
};

/// A request that needs a permit: it changes an object, runs a command in a container, or reads a value that is
/// nobody's to see. `path` may have a query.
struct ChangeRequest {
    std::string method;  ///< "PATCH", "POST", "DELETE", `reads`, or `runs`: `path` is that of `exec` with the command
    std::string path;
    std::string contentType = "application/json";
    std::string body;
    Duration timeLimit{};  ///< of a command that is run

    static constexpr std::string_view runs = "EXEC";
    static constexpr std::string_view reads = "GET";
    bool isExec() const { return method == runs; }
    bool isRead() const { return method == reads; }

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
    /// `path` with query, from "/". A 401 is answered once by asking for credentials anew.
    Task<Result<net::HttpResponse>> get(std::string path, Duration timeout, std::string accept = "application/json",
                                        Person caller = Person());
    /// Sends a change once, with `dryRun=All` for a permit of that extent. OutcomeUnknown when no answer came.
    /// PermissionDenied, and nothing is sent, for a permit that is for something else.
    Task<Result<net::HttpResponse>> change(access::Permit permit, ChangeRequest change, Duration timeout);
    /// Reads an object, as change() sends a change. With a permit for a dry run only whether it may be read is asked,
    /// and the answer is empty.
    Task<Result<net::HttpResponse>> read(access::Permit permit, ChangeRequest reading, Duration timeout);
    /// Runs a command once, as change() sends a change. Without input and terminal. With a permit for a dry run nothing
    /// is run: only whether it may be is asked. OutcomeUnknown when it may have been run, and by no other error;
    /// Internal when it could not be started.
    Task<Result<ExecOutcome>> exec(access::Permit permit, ChangeRequest command);
    /// Whether RBAC (or what else the cluster asks) lets `caller` send this: PermissionDenied with what it says.
    /// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
    Task<Result<void>> mayChange(Person caller, ChangeRequest change, Duration timeout);
    /// What these credentials may do in a namespace: a SelfSubjectRulesReview, as JSON.
    Task<Result<std::string>> ownRights(std::string ns, Duration timeout);
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string path, Duration timeout);
    /// What is asked right before anything leaves but reads: an Error, and it does not leave. Once, first.
    void setGuard(std::function<Result<void>()> guard);
    /// A Lease of the agent itself; nobody's permit is needed for it. InvalidArgument for the path of anything else.
    Task<Result<net::HttpResponse>> writeLease(std::string method, std::string path, std::string body,
                                               Duration timeout);

    /// "v1.36.3"
    Task<Result<std::string>> version();
    /// "/api/v1/pods" for "pods"; groups that are not built in are looked up in the discovery of the server.
    Task<Result<std::string>> pathOf(std::string resource);

private:
    Task<Result<net::HttpRequest>> request(const std::string& path, std::string accept = "application/json");
    /// One request, as it is prepared anew for each try.
    struct Question {
        std::string method = "GET";
        std::string path;
        std::string accept = "application/json";
        std::string contentType{};  ///< of the body
        std::string body{};
        Person caller{};
        bool changesNothing = false;  ///< so that it may be sent again where no answer came
    };
    Task<Result<net::HttpResponse>> ask(Question question, Duration timeout);
    Result<void> covered(const access::Permit& permit, const ChangeRequest& change) const;
    Task<Result<void>> review(std::string verb, Person caller, ChangeRequest change, Duration timeout);
    Task<Result<net::HttpResponse>> askAuthorizer(const std::string& resource, std::string body, Person caller,
                                                  Duration timeout);
    void impersonate(net::HttpRequest& request, const Person& caller) const;
    bool mayTryAgain(int status);

    Loop& loop_;
    ClusterAccess access_;
    Credentials credentials_;
    net::HttpClient client_;
    std::function<Result<void>()> guard_;
    std::uint64_t tlsVersion_ = 0;
    std::map<std::string, std::string> groupVersions_;  ///< of groups looked up
};

/// The failure that a status code and a body (a metav1.Status or anything) stand for.
Error statusError(const net::HttpHead& head, std::string_view body, const std::string& place);

}  // namespace klaw::kube
