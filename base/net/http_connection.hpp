#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/net/message_reader.hpp"

namespace klaw::net {

/// One client connection: a request, its answer, and the next request when the answer has been read to its end.
class HttpConnection {
public:
    HttpConnection(std::shared_ptr<ByteStream> stream, std::string origin)
        : stream_(std::move(stream)), origin_(std::move(origin)) {}

    Task<boost::system::error_code> sendRequest(std::string_view head, std::string_view body);
    /// Skips informational answers (1xx).
    Task<boost::system::error_code> readHead(bool toHeadRequest, HttpHead& head);
    Task<IoResult> readBody(std::span<char> into) { return reader_->readBody(into); }

    bool requestSent() const { return requestSent_; }  ///< whole, as far as this side knows
    bool answerBegun() const { return answerBegun_; }
    bool bodyEnded() const { return reader_->done(); }
    std::optional<std::uint64_t> contentLength() const { return reader_->contentLength(); }
    bool reusable() const;
    const std::shared_ptr<ByteStream>& stream() const { return stream_; }
    const std::string& origin() const { return origin_; }
    void becomeIdle();

private:
    std::shared_ptr<ByteStream> stream_;
    std::string origin_;
    ReceiveBuffer buffer_;
    std::optional<ResponseReader> reader_;
    bool requestSent_ = false;
    bool answerBegun_ = false;
};

/// Connections waiting for their next request, the most recently used last. Closes them when destroyed; a connection
/// made under other settings finds its pool gone.
class ConnectionPool {
public:
    explicit ConnectionPool(std::size_t capacity) : capacity_(capacity) {}
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    /// One that is still connected and silent, or null.
    std::unique_ptr<HttpConnection> take(std::string_view origin);
    void giveBack(std::unique_ptr<HttpConnection> connection);

private:
    std::size_t capacity_;
    std::vector<std::unique_ptr<HttpConnection>> idle_;
};

}  // namespace klaw::net
