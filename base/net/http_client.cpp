#include "base/net/http_client.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/net/client_body.hpp"
#include "base/net/connector.hpp"
#include "base/net/request_head.hpp"

namespace klaw::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

struct HttpClient::Impl {
    Impl(Loop& l, HttpClientOptions o)
        : loop(l), options(std::move(o)), pool(std::make_shared<ConnectionPool>(options.maxIdleConnections)) {}

    Result<TlsContext> tlsContext();
    Result<ConnectOptions> connectOptions(const Url& url);
    static Task<Result<Exchange>> exchange(std::shared_ptr<Impl> self, const HttpRequest& request, Expiry& expiry);
    static Task<Result<HttpResponse>> send(std::shared_ptr<Impl> self, HttpRequest request, Duration timeout);
    static Task<Result<std::unique_ptr<HttpBodyStream>>> open(std::shared_ptr<Impl> self, HttpRequest request,
                                                              Duration timeout);
    static Task<Result<std::shared_ptr<ByteStream>>> connect(std::shared_ptr<Impl> self, Url url,
                                                             ConnectOptions connecting, Expiry& expiry);

    Loop& loop;
    HttpClientOptions options;
    std::shared_ptr<ConnectionPool> pool;
    Guard guard;                            ///< null: everything may leave
    std::optional<Result<TlsContext>> tls;  ///< made when the first https URL is asked for
};

namespace {

Retry retryAfterSending(const HttpRequest& request) {
    return isSafeMethod(request.method) ? Retry::later() : Retry::never();
}

Error asPlace(Error error, std::string place) {
    if (error.place.empty()) error.place = std::move(place);
    return error;
}

bool isHttpError(const error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_version).category() &&
           error != http::error::partial_message && error != http::error::end_of_stream;
}

Error timedOut(const HttpRequest& request, bool sent) {
    auto text = sent ? "no complete answer came in time" : "the request could not be sent in time";
    return Error(ErrorCode::DeadlineExceeded, text).withRetry(sent ? retryAfterSending(request) : Retry::later());
}

/// What a conversation that broke off before the end of the head means to the caller.
Error explainLoss(const HttpRequest& request, const HttpConnection& connection, const error_code& error,
                  const Expiry& expiry) {
    if (expiry.passed()) return timedOut(request, connection.requestSent());
    if (error == asio::error::operation_aborted) return Error(ErrorCode::Cancelled, "the request was cancelled");
    if (auto failure = connection.stream()->failure()) return *failure;
    if (!connection.requestSent()) {
        auto text = "the connection was lost before the request was sent: " + describeIoError(error);
        return Error(ErrorCode::Unavailable, std::move(text)).withRetry(Retry::later());
    }
    auto text = isHttpError(error) ? "the answer is not valid HTTP: " + error.message()
                                   : "no answer came to the request: " + describeIoError(error);
    return Error(ErrorCode::OutcomeUnknown, std::move(text)).withRetry(retryAfterSending(request));
}

Task<error_code> converse(HttpConnection& connection, const HttpRequest& request, std::string_view requestHead,
                          HttpHead& head) {
    auto writing = co_await connection.sendRequest(requestHead, request.body);
    if (writing == asio::error::operation_aborted) co_return writing;
    // A server that refuses a body says so and closes while we still write; its answer is worth more than our error.
    auto reading = co_await connection.readHead(request.method == "HEAD", head);
    if (reading && writing) co_return writing;
    co_return reading;
}

bool mayRepeat(const HttpRequest& request, const HttpConnection& connection, const error_code& error) {
    if (error == asio::error::operation_aborted || connection.answerBegun() || connection.stream()->failure())
        return false;
    return !connection.requestSent() || isSafeMethod(request.method);
}

Task<Result<void>> readAll(ClientBody& body, std::string& into, std::size_t limit) {
    constexpr std::size_t firstPiece = 4096;
    auto tooLarge = fail(ErrorCode::ResourceExhausted, "the body is larger than " + std::to_string(limit) + " bytes");
    auto expected = body.expectedBytes();
    if (expected && *expected > limit) co_return tooLarge;
    into.resize(expected ? static_cast<std::size_t>(*expected) : 0);
    std::size_t used = 0;
    while (!body.drained()) {
        if (used == into.size()) into.resize(std::min(std::max(used * 2, firstPiece), limit + 1));
        auto space = std::span<char>(into).subspan(used);
        auto count = co_await body.readSome(space);
        if (!count) co_return fail(count.error());
        used += *count;
        if (used > limit) co_return tooLarge;
        if (*count == 0) break;
    }
    into.resize(used);
    co_return Result<void>();
}

/// The same for a conversation that broke off within the body.
Error explainBodyLoss(Error error, const HttpRequest& request, const Expiry& expiry) {
    if (expiry.passed()) return timedOut(request, true);
    if (error.code == ErrorCode::Unavailable) {
        error.code = ErrorCode::OutcomeUnknown;
        error.retry = retryAfterSending(request);
    }
    return error;
}

Error explainException(const boost::system::system_error& exception) {
    if (exception.code() == asio::error::operation_aborted)
        return Error(ErrorCode::Cancelled, "the request was cancelled");
    return Error(ErrorCode::Internal, exception.what());
}

}  // namespace

Result<TlsContext> HttpClient::Impl::tlsContext() {
    if (!tls) tls = makeClientTlsContext(options.tls);
    return *tls;
}

Result<ConnectOptions> HttpClient::Impl::connectOptions(const Url& url) {
    ConnectOptions connecting;
    connecting.tcpUserTimeout = options.tcpUserTimeout;
    connecting.tlsName = options.tls.serverName;
    if (!options.proxyUrl.empty()) {
        auto proxy = parseUrl(options.proxyUrl);
        if (!proxy) return fail(std::move(proxy.error()).within("proxy"));
        if (proxy->tls)
            return fail(ErrorCode::Unsupported, "the proxy itself cannot be spoken to over TLS", proxy->origin(),
                        "Use its http:// URL; https requests are encrypted through it all the same");
        connecting.proxy = std::move(*proxy);
    }
    if (!url.tls) return connecting;
    auto context = tlsContext();
    if (!context) return fail(context.error());
    connecting.tls = std::move(*context);
    return connecting;
}

Task<Result<std::shared_ptr<ByteStream>>> HttpClient::Impl::connect(std::shared_ptr<Impl> self, Url url,
                                                                    ConnectOptions connecting, Expiry& expiry) {
    auto timeout = std::min(self->options.connectTimeout, expiry.left());
    bool ownTimeout = timeout < expiry.left();
    Expiry connectExpiry(self->loop.executor());
    connectExpiry.arm(timeout);
    auto origin = url.origin();
    auto stream = co_await connectStream(self->loop.executor(), std::move(url), std::move(connecting), connectExpiry);
    if (stream) co_return stream;
    auto error = asPlace(std::move(stream.error()), std::move(origin));
    if (error.code == ErrorCode::DeadlineExceeded) {
        error.code = ownTimeout ? ErrorCode::Unavailable : ErrorCode::DeadlineExceeded;
        error.retry = Retry::later();
    }
    co_return fail(std::move(error));
}

Task<Result<Exchange>> HttpClient::Impl::exchange(std::shared_ptr<Impl> self, const HttpRequest& request,
                                                  Expiry& expiry) {
    auto url = parseUrl(request.url);
    if (!url) co_return fail(url.error());
    auto connecting = self->connectOptions(*url);
    if (!connecting) co_return fail(connecting.error());
    const Url* proxyOfPlain = !url->tls && connecting->proxy ? &*connecting->proxy : nullptr;
    auto requestHead = makeRequestHead(request, *url, self->options, proxyOfPlain);
    if (!requestHead) co_return fail(requestHead.error());
    for (bool mayReuse = true;; mayReuse = false) {
        Exchange made;
        made.pool = self->pool;
        if (mayReuse) made.connection = self->pool->take(url->origin());
        bool reused = made.connection != nullptr;
        if (!reused) {
            auto stream = co_await connect(self, *url, *connecting, expiry);
            if (!stream) co_return fail(stream.error());
            made.connection = std::make_unique<HttpConnection>(std::move(*stream), url->origin());
        }
        auto& connection = *made.connection;
        if (auto may = self->guard ? self->guard(request) : Result<void>(); !may) {
            connection.stream()->abort();
            co_return fail(std::move(may).error());
        }
        expiry.guard(connection.stream());
        auto error = co_await converse(connection, request, *requestHead, made.head);
        if (!error && !expiry.passed()) co_return made;
        auto loss = asPlace(explainLoss(request, connection, error, expiry), url->origin());
        bool repeat = reused && !expiry.passed() && mayRepeat(request, connection, error);
        connection.stream()->abort();
        if (!repeat) co_return fail(std::move(loss));
    }
}

Task<Result<HttpResponse>> HttpClient::Impl::send(std::shared_ptr<Impl> self, HttpRequest request, Duration timeout) {
    try {
        Expiry expiry(self->loop.executor());
        expiry.arm(timeout);
        auto made = co_await exchange(self, request, expiry);
        if (!made) co_return fail(made.error());
        ClientBody body(std::move(*made));
        HttpResponse response;
        auto read = co_await readAll(body, response.body, self->options.maxBodyBytes);
        if (!read) co_return fail(explainBodyLoss(std::move(read.error()), request, expiry));
        static_cast<HttpHead&>(response) = body.takeHead();
        co_return response;
    } catch (const boost::system::system_error& exception) {
        co_return fail(explainException(exception));
    }
}

Task<Result<std::unique_ptr<HttpBodyStream>>> HttpClient::Impl::open(std::shared_ptr<Impl> self, HttpRequest request,
                                                                     Duration timeout) {
    try {
        Expiry expiry(self->loop.executor());
        expiry.arm(timeout);
        auto made = co_await exchange(self, request, expiry);
        if (!made) co_return fail(made.error());
        co_return std::make_unique<ClientBody>(std::move(*made));
    } catch (const boost::system::system_error& exception) {
        co_return fail(explainException(exception));
    }
}

HttpClient::HttpClient(Loop& loop, HttpClientOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

HttpClient::~HttpClient() {
    // Requests under way go on without the client, but leave no connection behind.
    impl_->options.maxIdleConnections = 0;
    impl_->pool = std::make_shared<ConnectionPool>(0);
}

Task<Result<HttpResponse>> HttpClient::send(HttpRequest request, Duration timeout) {
    return Impl::send(impl_, std::move(request), timeout);
}

Task<Result<std::unique_ptr<HttpBodyStream>>> HttpClient::open(HttpRequest request, Duration timeout) {
    return Impl::open(impl_, std::move(request), timeout);
}

void HttpClient::setGuard(Guard guard) {
    impl_->guard = std::move(guard);
}

void HttpClient::setTls(TlsOptions tls) {
    impl_->options.tls = std::move(tls);
    impl_->tls.reset();
    impl_->pool = std::make_shared<ConnectionPool>(impl_->options.maxIdleConnections);
}

}  // namespace klaw::net
