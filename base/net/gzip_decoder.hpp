#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/result.hpp"

struct z_stream_s;

namespace klaw::net {

/// Decodes gzip (also several members in a row) and zlib data as it arrives, without waiting for more than it needs.
class GzipDecoder {
public:
    GzipDecoder();

    /// Where to put more encoded bytes once decode() has given 0.
    std::span<char> inputSpace() { return input_; }
    void received(std::size_t bytes);
    /// Bytes written into `into`; 0 when more input is needed. DataLoss when the data is damaged.
    Result<std::size_t> decode(std::span<char> into);
    /// Whether the data may end here.
    bool complete() const { return complete_; }

private:
    struct EndInflate {
        void operator()(z_stream_s* stream) const;
    };
    std::unique_ptr<z_stream_s, EndInflate> stream_;
    std::array<char, 4096> input_;
    bool complete_ = true;  ///< an empty body is a whole one
};

}  // namespace klaw::net
