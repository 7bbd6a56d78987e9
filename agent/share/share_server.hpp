#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/share/served_resource.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"

namespace klaw::share {

constexpr std::string_view sharePath = "/share/";

/// Answers other replicas at /share/CLUSTER/<the API server's path of a resource>, in the protocol of its watches:
///
/// - `watch=1` with `sendInitialEvents=true`, or with `resourceVersion` to go on; without `watch` only whether that
///   could be done is answered.
/// - `fields`: the digest of what the reader keeps of each object. 409 where something else is kept here.
/// - 401 without the token, 410 for what is not known any more, 503 where the resource is not watched here or not
///   known in full, 504 for a version that has not been seen here yet.
class ShareServer {
public:
    /// nullptr: it is not watched here.
    using Find =
        std::function<std::shared_ptr<ServedResource>(const std::string& cluster, const std::string& resource)>;
    ShareServer(LoopClock& clock, std::string token, Find find)
        : clock_(clock), token_(std::move(token)), find_(std::move(find)) {}
    net::ServerResponse answer(const net::ServerRequest& request) const;

private:
    LoopClock& clock_;
    std::string token_;
    Find find_;
};

}  // namespace klaw::share
