#include "base/net/tcp_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace klaw::net {

using boost::asio::ip::tcp;

void TcpStream::asyncReadSome(boost::asio::mutable_buffer into, IoHandler handler) {
    socket_.async_read_some(into, std::move(handler));
}

void TcpStream::asyncWriteSome(boost::asio::const_buffer from, IoHandler handler) {
    socket_.async_write_some(from, std::move(handler));
}

void TcpStream::abort() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void TcpStream::shutdownSend() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

ByteStream::Readiness TcpStream::probe() {
    return socket_.is_open() ? probeSocket(socket_.native_handle()) : Readiness::Closed;
}

ByteStream::Readiness probeSocket(int descriptor) {
    char byte = 0;
    auto count = ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) return ByteStream::Readiness::Data;
    bool nothingYet = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return nothingYet ? ByteStream::Readiness::Quiet : ByteStream::Readiness::Closed;
}

void tuneSocket(tcp::socket& socket, Duration deadAfter) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto set = [&](int level, int name, int value) {
        ::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
    };
    auto millis = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(deadAfter).count());
    auto thirdOfSeconds = std::max(1, millis / 3000);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, thirdOfSeconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, thirdOfSeconds);
    set(IPPROTO_TCP, TCP_KEEPCNT, 2);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, std::max(1000, millis));
}

}  // namespace klaw::net
