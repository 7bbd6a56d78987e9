#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::net {

/// How a server is trusted and how we show who we are. PEM texts, not paths: whoever reads files re-reads them on
/// change.
struct TlsOptions {
    std::string caPem;          ///< empty: the system's store
    std::string clientCertPem;  ///< with clientKeyPem, or both empty
    std::string clientKeyPem;
    std::string serverName;  ///< overrides SNI and the verified name; empty: the host of the URL
    bool insecureSkipVerify = false;
};

struct HttpClientOptions {
    TlsOptions tls;
    std::string proxyUrl;  ///< http://[user:password@]host:port, used by CONNECT for https and absolute form for http;
                           ///< empty: direct
    std::string userAgent = "klaw";
    Duration connectTimeout = 10s;  ///< resolve, connect, proxy and TLS handshake together
    Duration tcpUserTimeout = 45s;  ///< TCP_USER_TIMEOUT and keep-alive: a dead peer is noticed within this time
    std::size_t maxIdleConnections = 8;
    std::size_t maxBodyBytes = 256u << 20;  ///< of send(); open() has no limit
    bool acceptGzip = false;                ///< bodies arrive decoded either way
};

/// A response whose body is read piece by piece; closing or destroying it drops the connection unless the body has
/// ended.
class HttpBodyStream {
public:
    virtual ~HttpBodyStream() = default;
    virtual const HttpHead& head() const = 0;
    /// Bytes written into `into` (which must stay alive while waiting); 0 at the end of the body. A body cut short is
    /// ErrorCode::Unavailable. Cancellation of the waiting task ends the wait with ErrorCode::Cancelled.
    virtual Task<Result<std::size_t>> readSome(std::span<char> into) = 0;
    virtual void close() = 0;
};

/// HTTP/1.1 with keep-alive, TLS and proxies. On the loop thread only.
///
/// Errors: Unavailable when no connection could be made (nothing was sent, retry is safe); OutcomeUnknown when the
/// connection was lost after the request was sent; DeadlineExceeded with the same distinction in `retry` (never for a
/// sent request that is not GET). An HTTP status is never an error here. A pooled connection found closed is replaced
/// once without the caller noticing.
class HttpClient {
public:
    HttpClient(Loop& loop, HttpClientOptions options);
    ~HttpClient();

    Task<Result<HttpResponse>> send(HttpRequest request, Duration timeout);
    /// `timeout` is for the head; the body has none.
    Task<Result<std::unique_ptr<HttpBodyStream>>> open(HttpRequest request, Duration timeout);
    /// Asked right before a request leaves, each time that it does: an Error, and it does not.
    using Guard = std::function<Result<void>(const HttpRequest& request)>;
    void setGuard(Guard guard);
    /// For new connections; idle ones are closed.
    void setTls(TlsOptions tls);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace klaw::net
