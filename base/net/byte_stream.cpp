#include "base/net/byte_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace klaw::net {

namespace asio = boost::asio;

namespace {

constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);
using Token = std::remove_const_t<decltype(asTuple)>;
using Signature = void(boost::system::error_code, std::size_t);

struct StartRead {
    void operator()(IoHandler handler, ByteStream* stream, asio::mutable_buffer into) const {
        stream->asyncReadSome(into, std::move(handler));
    }
};

struct StartWrite {
    void operator()(IoHandler handler, ByteStream* stream, asio::const_buffer from) const {
        stream->asyncWriteSome(from, std::move(handler));
    }
};

}  // namespace

Task<IoResult> ByteStream::readSome(std::span<char> into) {
    auto buffer = asio::buffer(into.data(), into.size());
    auto outcome = co_await asio::async_initiate<const Token, Signature>(StartRead(), asTuple, this, buffer);
    auto& [error, bytes] = outcome;
    co_return IoResult{error, bytes};
}

Task<IoResult> ByteStream::writeAll(std::string_view from) {
    IoResult result;
    while (result.bytes < from.size() && !result.error) {
        auto buffer = asio::buffer(from.data() + result.bytes, from.size() - result.bytes);
        auto outcome = co_await asio::async_initiate<const Token, Signature>(StartWrite(), asTuple, this, buffer);
        auto& [error, bytes] = outcome;
        result.error = error;
        result.bytes += bytes;
    }
    co_return result;
}

std::string describeIoError(const boost::system::error_code& error) {
    if (error == asio::error::eof) return "the other side closed the connection";
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe)
        return "the other side broke the connection";
    if (error == asio::error::timed_out) return "the other side stopped answering";
    return error.message();
}

}  // namespace klaw::net
