#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/mcp/server.hpp"
#include "base/net/http_server.hpp"

namespace klaw::mcp {

/// Which other addresses than those of this machine requests may name: against pages that point a name of their own at
/// it.
struct AllowedHosts {
    std::vector<std::string> names;  ///< without port
    bool allows(std::string_view hostAndPort) const;
};

/// The protocol over HTTP: one path, one JSON answer to a POST, no session.
/// Status: 200, 202 for what gets no answer, 400 malformed, 401 no or another token, 403 another Origin, 404 unknown
/// method of the stateless era, 405 no POST, 406 takes no JSON, 421 another Host.
class HttpEndpoint {
public:
    /// Whom the token of a request stands for; nothing: nobody.
    using Identify = std::function<std::optional<Principal>(const net::ServerRequest& request)>;
    HttpEndpoint(Server server, Identify identify) : server_(std::move(server)), identify_(std::move(identify)) {}

    Task<net::ServerResponse> handle(net::ServerRequest request, AllowedHosts hosts) const;

private:
    Server server_;
    Identify identify_;
};

}  // namespace klaw::mcp
