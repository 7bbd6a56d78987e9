#include "base/net/gzip_decoder.hpp"

#include <zlib.h>

#include <new>

namespace klaw::net {

namespace {

constexpr int detectGzipOrZlib = MAX_WBITS + 32;

}  // namespace

GzipDecoder::GzipDecoder() : stream_(new z_stream_s()) {
    if (inflateInit2(stream_.get(), detectGzipOrZlib) != Z_OK) throw std::bad_alloc();
}

void GzipDecoder::EndInflate::operator()(z_stream_s* stream) const {
    inflateEnd(stream);
    delete stream;
}

void GzipDecoder::received(std::size_t bytes) {
    stream_->next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_->avail_in = static_cast<uInt>(bytes);
}

Result<std::size_t> GzipDecoder::decode(std::span<char> into) {
    stream_->next_out = reinterpret_cast<Bytef*>(into.data());
    stream_->avail_out = static_cast<uInt>(into.size());
    for (;;) {
        if (complete_ && stream_->avail_in > 0) {
            inflateReset(stream_.get());
            complete_ = false;
        }
        auto status = inflate(stream_.get(), Z_SYNC_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return fail(ErrorCode::DataLoss, "the compressed body is damaged");
        if (status == Z_STREAM_END) complete_ = true;
        bool startsNextMember = status == Z_STREAM_END && stream_->avail_in > 0 && stream_->avail_out > 0;
        if (!startsNextMember) break;
    }
    return into.size() - stream_->avail_out;
}

}  // namespace klaw::net
