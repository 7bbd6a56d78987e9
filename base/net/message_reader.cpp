#include "base/net/message_reader.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

namespace klaw::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t maxHeadBytes = 64 * 1024 - 1;  // below the largest ReceiveBuffer, which holds one line whole

}  // namespace

template <bool isRequest>
MessageReader<isRequest>::MessageReader(ByteStream& stream, ReceiveBuffer& buffer,
                                        std::optional<std::uint64_t> maxBodyBytes)
    : stream_(stream), buffer_(buffer) {
    parser_.header_limit(maxHeadBytes);
    parser_.body_limit(maxBodyBytes ? boost::optional<std::uint64_t>(*maxBodyBytes) : boost::none);
}

template <bool isRequest>
Task<error_code> MessageReader<isRequest>::fill() {
    auto space = buffer_.space();
    if (space.empty()) co_return http::make_error_code(http::error::header_limit);
    auto outcome = co_await stream_.readSome(space);
    buffer_.received(outcome.bytes);
    co_return outcome.error;
}

template <bool isRequest>
error_code MessageReader<isRequest>::finishAtEndOfStream() {
    if (!parser_.got_some()) return asio::error::eof;
    error_code error;
    parser_.put_eof(error);
    return error;
}

template <bool isRequest>
Task<error_code> MessageReader<isRequest>::readHead() {
    parser_.eager(false);
    for (;;) {
        if (!buffer_.empty()) {
            error_code error;
            auto data = buffer_.data();
            buffer_.consume(parser_.put(asio::buffer(data.data(), data.size()), error));
            if (error && error != http::error::need_more) co_return error;
            if (parser_.is_header_done()) break;
        }
        auto error = co_await fill();
        if (error == asio::error::eof) co_return finishAtEndOfStream();
        if (error) co_return error;
    }
    keepAlive_ = parser_.keep_alive();
    if (auto length = parser_.content_length()) contentLength_ = *length;
    parser_.eager(true);
    co_return error_code();
}

template <bool isRequest>
Task<IoResult> MessageReader<isRequest>::readBody(std::span<char> into) {
    auto& body = parser_.get().body();
    body.data = into.data();
    body.size = into.size();
    body.more = true;
    while (!parser_.is_done()) {
        IoResult result;
        if (!buffer_.empty()) {
            auto data = buffer_.data();
            buffer_.consume(parser_.put(asio::buffer(data.data(), data.size()), result.error));
            result.bytes = into.size() - body.size;
            if (result.error == http::error::need_buffer || result.error == http::error::need_more)
                result.error.clear();
            if (result.error || result.bytes > 0 || into.empty()) co_return result;
            if (parser_.is_done()) break;
        }
        result.error = co_await fill();
        if (result.error == asio::error::eof) result.error = finishAtEndOfStream();
        if (result.error) co_return result;
    }
    co_return IoResult();
}

template <bool isRequest>
HttpHeaders MessageReader<isRequest>::takeHeaders() {
    HttpHeaders headers;
    auto& message = parser_.get();
    for (const auto& field : message) headers.add(std::string(field.name_string()), std::string(field.value()));
    message.clear();
    return headers;
}

template class MessageReader<true>;
template class MessageReader<false>;

}  // namespace klaw::net
