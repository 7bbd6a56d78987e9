#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "base/async/task.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace klaw::net {

using IoHandler = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;

struct IoResult {
    boost::system::error_code error;
    std::size_t bytes = 0;
};

/// TCP or TLS behind one type, so that protocols are compiled once. On the loop thread only. At most one read and one
/// write at a time; they may overlap. Cancelling the waiting task ends the wait with operation_aborted.
class ByteStream {
public:
    enum class Readiness {
        Quiet,   ///< connected, nothing to read
        Data,    ///< something can be read
        Closed,  ///< the peer is gone
    };

    virtual ~ByteStream() = default;

    /// Buffers must stay alive until the handler ran. The end of the stream is boost::asio::error::eof.
    virtual void asyncReadSome(boost::asio::mutable_buffer into, IoHandler handler) = 0;
    virtual void asyncWriteSome(boost::asio::const_buffer from, IoHandler handler) = 0;
    /// Says goodbye where the protocol has one, and ends waiting operations with operation_aborted. May be repeated.
    virtual void close() = 0;
    /// Closes without a goodbye.
    virtual void abort() = 0;
    /// Tells the peer that nothing more will be sent; reading goes on.
    virtual void shutdownSend() = 0;
    /// Looks without waiting and without consuming.
    virtual Readiness probe() = 0;
    virtual bool isOpen() const = 0;
    virtual boost::asio::any_io_executor executor() = 0;
    /// What is known about a failure beyond its error code.
    virtual std::optional<Error> failure() const { return std::nullopt; }
    /// The last moment of the peer's certificate; nothing without TLS.
    virtual std::optional<TimePoint> peerCertificateEnds() const { return std::nullopt; }

    Task<IoResult> readSome(std::span<char> into);
    Task<IoResult> writeAll(std::string_view from);  ///< `bytes` tells how much was written before an error
};

/// "the server closed the connection" rather than "End of file".
std::string describeIoError(const boost::system::error_code& error);

}  // namespace klaw::net
