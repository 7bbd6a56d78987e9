#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/net/http_client.hpp"
#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::net {

struct WebSocketOptions {
    TlsOptions tls;
    std::string proxyUrl;  ///< as in HttpClientOptions
    std::string userAgent = "klaw";
    HttpHeaders headers;                        ///< of the upgrade request
    Duration openTimeout = 10s;                 ///< resolve, connect, TLS and upgrade together
    Duration tcpUserTimeout = 45s;              ///< as in HttpClientOptions
    std::size_t maxMessageBytes = 1024 * 1024;  ///< of a message received
};

struct WebSocketMessage {
    bool binary = false;
    std::string data;
};

/// The client's end of a WebSocket (RFC 6455), without compression. Pings of the other side are answered while
/// somebody receives. On the loop thread; one receiver at a time, any number of senders.
class WebSocket {
public:
    struct Opened {
        std::shared_ptr<WebSocket> socket;  ///< null: see `error`
        Error error;
        bool asked = false;   ///< whether the upgrade may have been asked for
        int status = 0;       ///< of the answer to the upgrade; 0: none came
        HttpHeaders headers;  ///< of that answer
        std::string body{};   ///< of an answer that refuses the upgrade
    };
    /// `url`: ws or wss, used as it is. Errors name its origin only: paths and queries may be secret. Unavailable and
    /// DeadlineExceeded as of HttpClient; PermissionDenied when the upgrade is refused; InvalidArgument for another
    /// URL.
    static Task<Opened> open(Loop& loop, std::string url, WebSocketOptions options);

    virtual ~WebSocket() = default;
    /// The next message. ResourceExhausted: one was longer than `maxMessageBytes`; it is dropped whole, and the next
    /// one can be received. Any other error ends the connection: Unavailable when it is closed or broken; Cancelled.
    virtual Task<Result<WebSocketMessage>> receive() = 0;
    /// Leaves whole and in the order of the calls. Silently nothing once the connection has ended.
    virtual void send(WebSocketMessage message) = 0;
    virtual void ping() = 0;
    /// Grows with everything that arrives, pongs included.
    virtual std::uint64_t heard() const = 0;
    /// Says goodbye and waits for the answer, at most `within`. Whoever receives gets Unavailable.
    virtual Task<void> close(Duration within) = 0;
    /// Without goodbye, at once.
    virtual void abort() = 0;
};

}  // namespace klaw::net
