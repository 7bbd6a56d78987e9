#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/net/http_client.hpp"
#include "base/net/http_message.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "notifiers/feishu/app.hpp"

namespace klaw::notifiers::feishu {

/// What the platform wishes of the client; taken within sane bounds.
struct ConnectionConfig {
    Duration pingEvery = 120s;
    Duration reconnectEvery = 120s;
    Duration firstReconnectWithin = 30s;

    /// Takes over what a ClientConfig object (JSON) says, number by number; anything else is left as it was.
    void apply(std::string_view json);
};

/// One opening of the long connection.
struct Endpoint {
    std::string url;  ///< with a ticket for one connection; a secret
    std::string deviceId;
    std::int32_t serviceId = 0;
    ConnectionConfig config;
};

/// The answer to the question for an endpoint. Unauthenticated (retry after minutes) where a person must act.
Result<Endpoint> readEndpoint(const net::HttpResponse& response, std::string_view place);

/// Asks for one opening. The same errors.
Task<Result<Endpoint>> askEndpoint(net::HttpClient& client, AppOptions app);

/// What a refused upgrade means, by its `Handshake-…` headers.
Error handshakeError(const net::HttpHeaders& headers, Error error);

}  // namespace klaw::notifiers::feishu
