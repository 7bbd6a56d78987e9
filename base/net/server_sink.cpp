#include "base/net/server_sink.hpp"

#include <charconv>

namespace klaw::net {

namespace {

constexpr std::size_t copiedPiece = 16 * 1024;  // small pieces travel in one segment with their framing

std::string chunkHead(std::size_t size) {
    char digits[16];
    auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
    return std::string(digits, end) + "\r\n";
}

}  // namespace

Task<Result<void>> ServerSink::write(std::string_view bytes) {
    if (!connection_.stream().isOpen())
        co_return fail(ErrorCode::Unavailable, "the connection to the client is closed");
    if (bytes.empty()) co_return Result<void>();  // an empty chunk would end the body
    if (!chunked_) co_return co_await connection_.write(bytes);
    auto framed = chunkHead(bytes.size());
    if (bytes.size() <= copiedPiece) {
        framed.append(bytes).append("\r\n");
        co_return co_await connection_.write(framed);
    }
    auto written = co_await connection_.write(framed);
    if (written) written = co_await connection_.write(bytes);
    if (written) written = co_await connection_.write("\r\n");
    co_return written;
}

bool ServerSink::open() const {
    auto& stream = connection_.stream();
    return stream.isOpen() && stream.probe() != ByteStream::Readiness::Closed;
}

Task<bool> ServerSink::finish() {
    if (!connection_.stream().isOpen()) co_return false;
    if (!chunked_) co_return true;
    auto written = co_await connection_.write("0\r\n\r\n");
    co_return written.has_value();
}

}  // namespace klaw::net
