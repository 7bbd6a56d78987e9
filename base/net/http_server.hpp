#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::net {

/// What a handler sees: `target` is path and query as sent.
struct ServerRequest {
    std::string method;
    std::string target;
    std::string remoteAddress;  ///< IP address without port
    HttpHeaders headers;
    std::string body;

    std::string_view path() const;                                  ///< without the query
    std::optional<std::string> query(std::string_view name) const;  ///< decoded
};

/// Writes a chunked body piece by piece. An error means the client is gone: return from the stream function.
class BodySink {
public:
    virtual ~BodySink() = default;
    virtual Task<Result<void>> write(std::string_view bytes) = 0;  ///< `bytes` must stay alive while waiting
    virtual bool open() const = 0;  ///< false once the client is gone, also before a write noticed it
    virtual void abort() = 0;       ///< closes the connection at once, as a broken server would
};

struct ServerResponse {
    int status = 200;     ///< 0 closes the connection without an answer, as a server does that crashes
    HttpHeaders headers;  ///< Content-Length and Transfer-Encoding are added
    std::string body;
    std::function<Task<void>(BodySink&)> stream;  ///< when set, it writes the body and `body` is unused

    static ServerResponse text(int status, std::string body, std::string contentType = "text/plain; charset=utf-8");
    static ServerResponse json(int status, std::string body);
};

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free port
    std::size_t maxBodyBytes = 4u << 20;
    std::size_t maxConnections = 256;  ///< more wait until one ends; idle ones are closed to make room
    Duration idleTimeout = 60s;        ///< for a head to arrive, for a body to arrive, and for each write to be taken
    std::string certificatePem;        ///< with keyPem: TLS
    std::string keyPem;
    std::string clientCaPem;  ///< clients must show a certificate signed by it; empty: none is asked for
};

/// HTTP/1.1 server on the loop thread. Stateless: everything is in the handler.
///
/// Answers by itself: 400 malformed, 405 CONNECT and TRACE, 413 body and 431 head too large, 500 when the handler
/// throws (reported in the log). A stream function that throws ends the connection, as the head is out already. The
/// answer to HEAD keeps its head and loses its body. Stop it before it is destroyed: what still runs is cancelled
/// otherwise.
class HttpServer {
public:
    using Handler = std::function<Task<ServerResponse>(ServerRequest)>;
    HttpServer(Loop& loop, HttpServerOptions options, Handler handler);
    ~HttpServer();

    /// Binds and begins to accept; the bound port. An occupied port is an Error with address and remedy.
    Result<std::uint16_t> listen();
    /// Accepts no more, lets running requests finish for `grace`, then closes.
    Task<void> stop(Duration grace);

    struct Core;  ///< of the implementation

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::net
