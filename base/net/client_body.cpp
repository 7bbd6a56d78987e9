#include "base/net/client_body.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

namespace klaw::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

bool isDecodable(const HttpHeaders& headers) {
    auto encoding = headers.get("Content-Encoding");
    if (!encoding) return false;
    return equalsIgnoringCase(*encoding, "gzip") || equalsIgnoringCase(*encoding, "x-gzip") ||
           equalsIgnoringCase(*encoding, "deflate");
}

}  // namespace

ClientBody::ClientBody(Exchange exchange)
    : connection_(std::move(exchange.connection)), pool_(std::move(exchange.pool)), head_(std::move(exchange.head)) {
    origin_ = connection_->origin();
    expectedBytes_ = connection_->contentLength();
    if (connection_->bodyEnded()) {
        expectedBytes_ = 0;
        finish();
    } else if (isDecodable(head_.headers)) {
        gzip_ = std::make_unique<GzipDecoder>();
        expectedBytes_.reset();
        head_.headers.remove("Content-Encoding");
        head_.headers.remove("Content-Length");
    }
}

Task<Result<std::size_t>> ClientBody::readSome(std::span<char> into) {
    if (into.empty()) co_return std::size_t(0);
    for (;;) {
        if (gzip_) {
            auto decoded = gzip_->decode(into);
            if (!decoded) close();
            if (!decoded || *decoded > 0) co_return decoded;
        }
        auto target = into;
        if (gzip_) target = gzip_->inputSpace();
        auto raw = co_await readRaw(target);
        if (!raw || !gzip_) co_return raw;
        if (*raw == 0 && !gzip_->complete())
            co_return fail(
                Error(ErrorCode::Unavailable, "the compressed body was cut short", origin_).withRetry(Retry::later()));
        if (*raw == 0) co_return std::size_t(0);
        gzip_->received(*raw);
    }
}

Task<Result<std::size_t>> ClientBody::readRaw(std::span<char> into) {
    if (ended_) co_return std::size_t(0);
    if (!connection_->stream()->isOpen()) co_return fail(ErrorCode::Cancelled, "the body was closed", origin_);
    auto outcome = co_await connection_->readBody(into);
    received_ += outcome.bytes;
    if (outcome.error) {
        auto error = explain(outcome.error);
        connection_->stream()->abort();
        co_return fail(std::move(error));
    }
    if (connection_->bodyEnded()) finish();
    co_return outcome.bytes;
}

Error ClientBody::explain(const error_code& error) const {
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
        return Error(ErrorCode::Cancelled, "waiting for the body was cancelled", origin_);
    auto text = "the body was cut short after " + std::to_string(received_) + " bytes: ";
    if (auto failure = connection_->stream()->failure())
        text += failure->message;
    else if (error == http::error::partial_message)
        text += "the other side closed the connection";
    else if (error.category() == http::make_error_code(http::error::bad_chunk).category())
        return Error(ErrorCode::DataLoss, "the body is not valid HTTP: " + error.message(), origin_);
    else
        text += describeIoError(error);
    return Error(ErrorCode::Unavailable, std::move(text), origin_).withRetry(Retry::later());
}

void ClientBody::finish() {
    ended_ = true;
    auto pool = pool_.lock();
    auto connection = std::move(connection_);
    if (pool && connection->reusable()) {
        pool->giveBack(std::move(connection));
    } else {
        connection->stream()->close();
    }
}

void ClientBody::close() {
    if (!ended_) connection_->stream()->close();
}

}  // namespace klaw::net
