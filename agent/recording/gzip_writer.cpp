#include "agent/recording/gzip_writer.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace klaw::recording {
namespace {

constexpr int gzipFormat = 15 + 16;
constexpr int memoryLevel = 8;
constexpr std::size_t outputChunk = 64u << 10;

}  // namespace

Result<std::unique_ptr<GzipWriter>> GzipWriter::create(const std::filesystem::path& path, bool compress, bool fast) {
    auto* file = std::fopen(path.c_str(), "wb");
    if (!file) {
        return fail(ErrorCode::Unavailable, fmt::format("cannot create the recording: {}", std::strerror(errno)),
                    path.string());
    }
    return std::unique_ptr<GzipWriter>(new GzipWriter(file, path.string(), compress, fast));
}

GzipWriter::GzipWriter(std::FILE* file, std::string path, bool compress, bool fast)
    : file_(file), path_(std::move(path)), compress_(compress), out_(outputChunk, '\0') {
    if (!compress_) return;
    int status = deflateInit2(&stream_, fast ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzipFormat,
                              memoryLevel, Z_DEFAULT_STRATEGY);
    if (status != Z_OK) throw std::bad_alloc();
}

GzipWriter::~GzipWriter() {
    (void)close();
}

Result<void> GzipWriter::write(std::string_view bytes) {
    if (!file_) return closed();
    return compress_ ? deflateAll(bytes, Z_NO_FLUSH) : put(bytes.data(), bytes.size());
}

Result<void> GzipWriter::flush() {
    if (!file_) return closed();
    if (compress_) {
        if (auto written = deflateAll({}, Z_SYNC_FLUSH); !written) return written;
    }
    if (std::fflush(file_) != 0) return failed("write");
    return {};
}

Result<void> GzipWriter::close() {
    if (!file_) return {};
    Result<void> written = compress_ ? deflateAll({}, Z_FINISH) : Result<void>();
    if (compress_) deflateEnd(&stream_);
    if (std::fclose(std::exchange(file_, nullptr)) != 0 && written) return failed("close");
    return written;
}

Result<void> GzipWriter::deflateAll(std::string_view bytes, int mode) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        deflate(&stream_, mode);
        if (auto written = put(out_.data(), out_.size() - stream_.avail_out); !written) return written;
    } while (stream_.avail_out == 0);
    return {};
}

Result<void> GzipWriter::put(const void* bytes, std::size_t size) {
    if (std::fwrite(bytes, 1, size, file_) != size) return failed("write");
    return {};
}

tl::unexpected<Error> GzipWriter::closed() const {
    return fail(ErrorCode::Unavailable, "the recording is closed", path_);
}

tl::unexpected<Error> GzipWriter::failed(const char* what) const {
    return fail(ErrorCode::Unavailable, fmt::format("cannot {} the recording: {}", what, std::strerror(errno)), path_);
}

}  // namespace klaw::recording
