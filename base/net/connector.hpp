#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/net/expiry.hpp"
#include "base/net/tls_context.hpp"
#include "base/net/url.hpp"

namespace klaw::net {

struct ConnectOptions {
    Duration tcpUserTimeout = 45s;
    std::optional<Url> proxy;  ///< an http:// URL; its userInfo is sent as basic authentication
    TlsContext tls;            ///< needed for https targets
    std::string tlsName;       ///< sent as SNI and verified; empty: the host of the target
};

/// A stream to `target`, through the proxy where there is one: a tunnel for https, the proxy's own connection for http.
/// Nothing of a request has been sent, so every failure may be retried unless its error says otherwise.
Task<Result<std::shared_ptr<ByteStream>>> connectStream(boost::asio::any_io_executor executor, Url target,
                                                        ConnectOptions options, Expiry& expiry);

/// "Basic …" of the URL's user and password, empty where it has none.
std::string basicAuthorization(const Url& url);

}  // namespace klaw::net
