#include "base/net/connector.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/digest.hpp"
#include "base/net/message_reader.hpp"
#include "base/net/resolve.hpp"
#include "base/net/tcp_stream.hpp"
#include "base/net/tls_stream.hpp"

namespace klaw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Error unavailable(std::string message, std::string remedy) {
    Error error(ErrorCode::Unavailable, std::move(message), {}, std::move(remedy));
    return std::move(error).withRetry(Retry::later());
}

/// What a failed step means, given that the deadline or a cancellation may be behind it.
Error explainStep(const Expiry& expiry, const error_code& error, const std::string& step, std::string remedy) {
    if (expiry.passed()) return Error(ErrorCode::DeadlineExceeded, step + " took too long").withRetry(Retry::later());
    if (error == asio::error::operation_aborted) return Error(ErrorCode::Cancelled, step + " was cancelled");
    return unavailable(step + " failed: " + describeIoError(error), std::move(remedy));
}

std::function<void()> closing(const std::shared_ptr<tcp::socket>& socket) {
    return [weak = std::weak_ptr(socket)] {
        error_code ignored;
        if (auto alive = weak.lock()) alive->close(ignored);
    };
}

/// Tries the addresses in order; each but the last gets its share of the time, so that a dead one does not use up all.
Task<Result<tcp::socket>> connectTcp(asio::any_io_executor executor, std::vector<tcp::endpoint> endpoints,
                                     std::string authority, Expiry& expiry) {
    error_code error = asio::error::host_not_found;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        auto socket = std::make_shared<tcp::socket>(executor);
        Expiry share(executor);
        if (i + 1 < endpoints.size()) share.arm(expiry.left() / static_cast<int>(endpoints.size() - i));
        share.setAction(closing(socket));
        expiry.setAction(closing(socket));
        auto outcome = co_await socket->async_connect(endpoints[i], asio::as_tuple(asio::use_awaitable));
        error = std::get<0>(outcome);
        expiry.setAction(nullptr);
        if (!error && !expiry.passed()) co_return std::move(*socket);
        if (expiry.passed() || (error == asio::error::operation_aborted && !share.passed())) break;
        if (share.passed()) error = asio::error::timed_out;
    }
    co_return fail(explainStep(expiry, error, "connecting to " + authority,
                               "Check that the server runs and that address, port and network policies are right"));
}

std::string connectRequest(const Url& target, const Url& proxy) {
    auto authority = target.authority();
    auto text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    auto authorization = basicAuthorization(proxy);
    if (!authorization.empty()) text += "Proxy-Authorization: " + authorization + "\r\n";
    return text + "\r\n";
}

Result<void> judgeProxyAnswer(unsigned status, const Url& proxy) {
    if (status / 100 == 2) return {};
    auto text = "the proxy " + proxy.origin() + " answered " + std::to_string(status);
    if (status == 407)
        return fail(ErrorCode::Unauthenticated, text + ": it wants a user name and password", {},
                    "Put user and password into the proxy URL");
    return fail(unavailable(text + " to the request for a tunnel", "Allow the host and port in the proxy"));
}

Task<Result<tcp::socket>> openTunnel(tcp::socket socket, Url target, Url proxy, Expiry& expiry) {
    auto stream = std::make_shared<TcpStream>(std::move(socket));
    expiry.guard(stream);
    ReceiveBuffer buffer;
    ResponseReader reader(*stream, buffer, std::nullopt);
    reader.expectNoBody();
    auto request = connectRequest(target, proxy);
    auto written = co_await stream->writeAll(request);
    auto error = written.error;
    if (!error) error = co_await reader.readHead();
    if (error || expiry.passed())
        co_return fail(explainStep(expiry, error, "the tunnel through " + proxy.origin(), "Check the proxy"));
    auto judged = judgeProxyAnswer(reader.message().result_int(), proxy);
    if (!judged) co_return fail(judged.error());
    co_return stream->release();
}

}  // namespace

Task<Result<std::shared_ptr<ByteStream>>> connectStream(asio::any_io_executor executor, Url target,
                                                        ConnectOptions options, Expiry& expiry) {
    const Url& next = options.proxy ? *options.proxy : target;
    auto endpoints = co_await resolve(executor, next.host, next.port, expiry);
    if (!endpoints) co_return fail(endpoints.error());
    auto socket = co_await connectTcp(executor, std::move(*endpoints), next.authority(), expiry);
    if (!socket) co_return fail(socket.error());
    tuneSocket(*socket, options.tcpUserTimeout);
    if (!target.tls) co_return std::make_shared<TcpStream>(std::move(*socket));
    if (options.proxy) {
        socket = co_await openTunnel(std::move(*socket), target, *options.proxy, expiry);
        if (!socket) co_return fail(socket.error());
    }
    auto name = options.tlsName.empty() ? target.host : options.tlsName;
    co_return co_await connectTls(std::move(*socket), options.tls, std::move(name), expiry);
}

std::string basicAuthorization(const Url& url) {
    if (url.userInfo.empty()) return {};
    return "Basic " + base64Encode(percentDecode(url.userInfo).value_or(url.userInfo));
}

}  // namespace klaw::net
