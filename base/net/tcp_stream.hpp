#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "base/net/byte_stream.hpp"
#include "base/time.hpp"

namespace klaw::net {

class TcpStream final : public ByteStream {
public:
    explicit TcpStream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    void asyncReadSome(boost::asio::mutable_buffer into, IoHandler handler) override;
    void asyncWriteSome(boost::asio::const_buffer from, IoHandler handler) override;
    void close() override { abort(); }
    void abort() override;
    void shutdownSend() override;
    Readiness probe() override;
    bool isOpen() const override { return socket_.is_open(); }
    boost::asio::any_io_executor executor() override { return socket_.get_executor(); }

    /// For TLS on top of an open connection; this stream is closed afterwards.
    boost::asio::ip::tcp::socket release() { return std::move(socket_); }

private:
    boost::asio::ip::tcp::socket socket_;
};

/// No delay, keep-alive and TCP_USER_TIMEOUT, so that a dead peer is noticed within `deadAfter`.
void tuneSocket(boost::asio::ip::tcp::socket& socket, Duration deadAfter);
ByteStream::Readiness probeSocket(int descriptor);

}  // namespace klaw::net
