#include "base/net/server_connection.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/system/system_error.hpp>

#include "base/net/request_head.hpp"
#include "base/net/server_sink.hpp"

namespace klaw::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::string_view allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr Duration farewell = 2s;

bool hasNoBody(int status) {
    return status / 100 == 1 || status == 204 || status == 304;
}

bool isSendable(const ServerResponse& response) {
    if (response.status < 100 || response.status > 999) return false;
    for (const auto& [name, value] : response.headers.all())
        if (!isToken(name) || !isFieldValue(value)) return false;
    return true;
}

/// Its first two parts: further down an address may hold a key.
std::string shownPath(std::string_view path) {
    auto third = std::string_view::npos;
    for (std::size_t at = 0, parts = 0; at < path.size() && third == path.npos; ++at)
        if (path[at] == '/' && ++parts == 3) third = at;
    return third == path.npos ? std::string(path) : std::string(path.substr(0, third)) + "/…";
}

std::string responseHead(const ServerResponse& response, std::string_view framing, bool keepAlive) {
    auto status = static_cast<unsigned>(response.status);
    auto reason = http::obsolete_reason(http::int_to_status(status));
    std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
    head.append(reason.data(), reason.size()).append("\r\n");
    for (const auto& [name, value] : response.headers.all()) {
        if (equalsIgnoringCase(name, "Content-Length") || equalsIgnoringCase(name, "Transfer-Encoding")) continue;
        head.append(name).append(": ").append(value).append("\r\n");
    }
    head.append(framing);
    if (!keepAlive) head += "Connection: close\r\n";
    return head + "\r\n";
}

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<const ServerContext> context, std::shared_ptr<ByteStream> stream,
                                   std::string remoteAddress)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      remoteAddress_(std::move(remoteAddress)),
      expiry_(stream_->executor()) {
    expiry_.guard(stream_);
}

Task<void> ServerConnection::serve() {
    bool goOn = true;
    while (goOn && !context_->stopping) goOn = co_await serveOne();
    stream_->close();
}

/// One request; false when the connection ends with it.
Task<bool> ServerConnection::serveOne() {
    idle_ = true;
    reader_.emplace(*stream_, buffer_, context_->options.maxBodyBytes);
    expiry_.arm(context_->options.idleTimeout);
    ServerRequest request;
    auto refusal = co_await readRequest(request);
    expiry_.disarm();
    if (!stream_->isOpen()) co_return false;
    if (refusal) {
        co_await refuse(*refusal);
        co_return false;
    }
    bool headRequest = request.method == "HEAD";
    auto response = co_await callHandler(std::move(request));
    // The next connection may meet another replica, which can.
    bool cannot = response.status == 503;
    bool keepAlive = reader_->keepAlive() && !context_->stopping && !context_->crowded && !cannot;
    co_return co_await respond(response, headRequest, keepAlive);
}

/// The answer that ends the connection, when there is no request to handle; the stream is closed when there is none.
Task<std::optional<ServerResponse>> ServerConnection::readRequest(ServerRequest& request) {
    auto error = co_await reader_->readHead();
    idle_ = false;
    if (!error) {
        const auto& message = reader_->message();
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        request.remoteAddress = remoteAddress_;
        request.headers = reader_->takeHeaders();
        auto refusal = refusalOf(request);
        if (refusal) co_return refusal;
        auto expectation = request.headers.get("Expect");
        if (expectation && equalsIgnoringCase(*expectation, "100-continue") && !reader_->done())
            co_await write("HTTP/1.1 100 Continue\r\n\r\n");
        expiry_.arm(context_->options.idleTimeout);
        error = co_await readBody(request.body);
    }
    if (!error) co_return std::nullopt;
    auto refusal = refusalOf(error);
    if (!refusal) stream_->close();
    co_return refusal;
}

Task<error_code> ServerConnection::readBody(std::string& body) {
    constexpr std::size_t piece = 4096;
    std::size_t used = 0;
    if (auto length = reader_->contentLength()) body.resize(static_cast<std::size_t>(*length));
    while (!reader_->done()) {
        if (used == body.size()) body.resize(std::max(used * 2, piece));
        auto space = std::span<char>(body).subspan(used);
        auto outcome = co_await reader_->readBody(space);
        if (outcome.error) co_return outcome.error;
        used += outcome.bytes;
    }
    body.resize(used);
    co_return error_code();
}

std::optional<ServerResponse> ServerConnection::refusalOf(const error_code& error) const {
    if (!stream_->isOpen() || error.category() != http::make_error_code(http::error::bad_version).category())
        return std::nullopt;
    if (error == http::error::partial_message || error == http::error::end_of_stream) return std::nullopt;
    if (error == http::error::body_limit)
        return ServerResponse::text(
            413, "The body is larger than " + std::to_string(context_->options.maxBodyBytes) + " bytes\n");
    if (error == http::error::header_limit) return ServerResponse::text(431, "The head of the request is too large\n");
    return ServerResponse::text(400, "Malformed request: " + error.message() + "\n");
}

std::optional<ServerResponse> ServerConnection::refusalOf(const ServerRequest& request) const {
    if (reader_->message().version() == 11 && !request.headers.get("Host"))
        return ServerResponse::text(400, "The request has no Host field\n");
    if (request.method != "CONNECT" && request.method != "TRACE") return std::nullopt;
    auto refusal = ServerResponse::text(405, "This method is not offered\n");
    refusal.headers.add("Allow", std::string(allowedMethods));
    return refusal;
}

/// Answers and reads on for a while: closing with unread data would make the system take the answer back.
Task<void> ServerConnection::refuse(const ServerResponse& response) {
    bool written = co_await respond(response, false, false);
    if (!written && !stream_->isOpen()) co_return;
    stream_->shutdownSend();
    expiry_.arm(std::min(farewell, context_->options.idleTimeout));
    std::array<char, 4096> discarded;
    IoResult outcome;
    while (!outcome.error) outcome = co_await stream_->readSome(discarded);
    expiry_.disarm();
}

Task<ServerResponse> ServerConnection::callHandler(ServerRequest request) {
    auto what = request.method + " " + shownPath(request.path());
    std::string failure;
    try {
        co_return co_await context_->handler(std::move(request));
    } catch (const boost::system::system_error& exception) {
        if (exception.code() == asio::error::operation_aborted) throw;
        failure = exception.what();
    } catch (const std::exception& exception) {
        failure = exception.what();
    } catch (...) {
        failure = "an exception of an unknown type";
    }
    spdlog::error("the handler of {} failed: {}", what, failure);
    co_return ServerResponse::text(500, "Internal error\n");
}

/// Whether the connection may go on.
Task<bool> ServerConnection::respond(const ServerResponse& response, bool headRequest, bool keepAlive) {
    if (response.status == 0) {
        stream_->abort();
        co_return false;
    }
    if (!isSendable(response)) {
        spdlog::error("an answer with status {} has a status or a field that cannot be sent", response.status);
        auto replacement = ServerResponse::text(500, "Internal error\n");
        co_return co_await respond(replacement, headRequest, keepAlive);
    }
    bool bodiless = hasNoBody(response.status);
    bool chunked = response.stream && reader_->message().version() >= 11;
    if (response.stream && !chunked && !bodiless && !headRequest) keepAlive = false;
    std::string framing;
    if (!bodiless && chunked) framing = "Transfer-Encoding: chunked\r\n";
    if (!bodiless && !response.stream) framing = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    auto bytes = responseHead(response, framing, keepAlive);
    bool withBody = !bodiless && !headRequest;
    if (withBody && !response.stream) bytes += response.body;
    auto written = co_await write(bytes);
    if (!written) co_return false;
    if (withBody && response.stream) keepAlive = co_await respondStream(response, chunked) && keepAlive;
    co_return keepAlive;
}

Task<bool> ServerConnection::respondStream(const ServerResponse& response, bool chunked) {
    ServerSink sink(*this, chunked);
    std::string failure;
    try {
        co_await response.stream(sink);
    } catch (const boost::system::system_error& exception) {
        if (exception.code() == asio::error::operation_aborted) throw;
        failure = exception.what();
    } catch (const std::exception& exception) {
        failure = exception.what();
    } catch (...) {
        failure = "an exception of an unknown type";
    }
    if (!failure.empty()) {
        spdlog::error("the stream of an answer failed: {}", failure);
        sink.abort();
    }
    co_return co_await sink.finish();
}

Task<Result<void>> ServerConnection::write(std::string_view bytes) {
    expiry_.arm(context_->options.idleTimeout);
    auto outcome = co_await stream_->writeAll(bytes);
    expiry_.disarm();
    if (!outcome.error) co_return Result<void>();
    bool cancelled = outcome.error == asio::error::operation_aborted && !expiry_.passed() && stream_->isOpen();
    stream_->abort();
    if (cancelled) co_return fail(ErrorCode::Cancelled, "writing to the client was cancelled", remoteAddress_);
    co_return fail(ErrorCode::Unavailable, "the client is gone: " + describeIoError(outcome.error), remoteAddress_);
}

}  // namespace klaw::net
