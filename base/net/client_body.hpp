#pragma once

#include <memory>
#include <optional>

#include "base/net/gzip_decoder.hpp"
#include "base/net/http_client.hpp"
#include "base/net/http_connection.hpp"

namespace klaw::net {

/// A request that got the head of its answer.
struct Exchange {
    std::unique_ptr<HttpConnection> connection;
    std::weak_ptr<ConnectionPool> pool;  ///< takes the connection back; gone when it must not be used again
    HttpHead head;
};

/// The body of an answer, decoded. Gives the connection back at the end of the body.
class ClientBody final : public HttpBodyStream {
public:
    explicit ClientBody(Exchange exchange);
    ~ClientBody() override { close(); }
    ClientBody(const ClientBody&) = delete;
    ClientBody& operator=(const ClientBody&) = delete;

    const HttpHead& head() const override { return head_; }
    Task<Result<std::size_t>> readSome(std::span<char> into) override;
    void close() override;

    HttpHead takeHead() { return std::move(head_); }
    bool drained() const { return ended_ && !gzip_; }  ///< false may also mean that only the end is left
    std::optional<std::uint64_t> expectedBytes() const { return expectedBytes_; }

private:
    Task<Result<std::size_t>> readRaw(std::span<char> into);
    Error explain(const boost::system::error_code& error) const;
    void finish();

    std::unique_ptr<HttpConnection> connection_;
    std::weak_ptr<ConnectionPool> pool_;
    HttpHead head_;
    std::string origin_;
    std::unique_ptr<GzipDecoder> gzip_;
    std::optional<std::uint64_t> expectedBytes_;
    std::uint64_t received_ = 0;
    bool ended_ = false;
};

}  // namespace klaw::net
