#pragma once

#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::recording {

/// A file that is written front to back, compressed or not; `fast` takes a third of the time for a half more of the
/// space. Blocking. Errors: Unavailable with the path as place.
class GzipWriter {
public:
    static Result<std::unique_ptr<GzipWriter>> create(const std::filesystem::path& path, bool compress,
                                                      bool fast = false);
    ~GzipWriter();
    GzipWriter(const GzipWriter&) = delete;
    GzipWriter& operator=(const GzipWriter&) = delete;

    Result<void> write(std::string_view bytes);
    /// Everything written so far can be read back, even if nothing follows.
    Result<void> flush();
    Result<void> close();

private:
    GzipWriter(std::FILE* file, std::string path, bool compress, bool fast);
    Result<void> deflateAll(std::string_view bytes, int mode);
    Result<void> put(const void* bytes, std::size_t size);
    tl::unexpected<Error> closed() const;
    tl::unexpected<Error> failed(const char* what) const;

    std::FILE* file_;
    std::string path_;
    bool compress_;
    z_stream stream_{};
    std::string out_;
};

}  // namespace klaw::recording
