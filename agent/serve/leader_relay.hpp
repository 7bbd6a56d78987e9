#pragma once

#include <functional>
#include <string>

#include "base/net/http_client.hpp"
#include "base/net/http_server.hpp"

namespace klaw::serve {

/// At a replica that does not lead: passes on to the leader what platforms, Alertmanagers and programs send, which get
/// to any replica by the name that all have. Each request is proved by what is in it, and only the leader looks at
/// that. On the loop thread.
class LeaderRelay {
public:
    /// `leader`: its address, "http://10.0.0.7:8917"; empty while nobody leads, or it is not known where.
    LeaderRelay(Loop& loop, std::function<std::string()> leader);

    /// Of callbacks, alerts and questions of programs; not of what a replica has passed on already.
    static bool passes(const net::ServerRequest& request);
    /// The leader's answer. Unavailable where there is none: it may have got there nevertheless.
    Task<Result<net::ServerResponse>> pass(net::ServerRequest request);

private:
    net::HttpClient client_;
    std::function<std::string()> leader_;
};

}  // namespace klaw::serve
