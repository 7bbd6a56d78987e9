#pragma once

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <span>

#include "base/net/byte_stream.hpp"
#include "base/net/http_message.hpp"
#include "base/net/receive_buffer.hpp"

namespace klaw::net {

/// Reads one HTTP/1.x message from a stream: the head, then the body piece by piece into the caller's memory.
/// `stream` and `buffer` outlive the reader; what follows the message stays in the buffer.
template <bool isRequest>
class MessageReader {
public:
    /// Without `maxBodyBytes` the body has no limit.
    MessageReader(ByteStream& stream, ReceiveBuffer& buffer, std::optional<std::uint64_t> maxBodyBytes);

    /// The answer to HEAD or CONNECT has no body whatever its head says.
    void expectNoBody() { parser_.skip(true); }

    /// eof when the peer closed before the first byte; otherwise Beast's http::error or the stream's error.
    Task<boost::system::error_code> readHead();
    /// 0 bytes without error at the end of the body. http::error::partial_message when the peer closed before that.
    Task<IoResult> readBody(std::span<char> into);

    /// Moves the fields out, which frees their memory; once, after readHead.
    HttpHeaders takeHeaders();
    const auto& message() const { return parser_.get(); }
    bool anyByteReceived() const { return parser_.got_some(); }
    bool done() const { return parser_.is_done(); }
    bool keepAlive() const { return keepAlive_; }
    std::optional<std::uint64_t> contentLength() const { return contentLength_; }

private:
    Task<boost::system::error_code> fill();
    boost::system::error_code finishAtEndOfStream();

    ByteStream& stream_;
    ReceiveBuffer& buffer_;
    boost::beast::http::parser<isRequest, boost::beast::http::buffer_body> parser_;
    std::optional<std::uint64_t> contentLength_;
    bool keepAlive_ = false;
};

extern template class MessageReader<true>;
extern template class MessageReader<false>;

using RequestReader = MessageReader<true>;
using ResponseReader = MessageReader<false>;

}  // namespace klaw::net
