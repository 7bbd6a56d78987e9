#pragma once

#include <optional>
#include <span>
#include <vector>

#include "agent/kube/watch_handler.hpp"

namespace klaw::kube {

/// Cuts a byte stream into lines in the buffer it arrives in. A line stays where it is; what follows it in the buffer
/// is its padding.
class LineFramer {
public:
    explicit LineFramer(std::size_t maxLineBytes = 64u << 20) : maxLineBytes_(maxLineBytes) {}

    /// Where the next bytes are to be written; not empty. Lines handed out before are gone.
    std::span<char> space();
    void filled(std::size_t bytes) { end_ += bytes; }
    /// The next whole line without its end; empty lines are left out. Valid until space() is called.
    std::optional<PaddedText> next();
    /// A line grew beyond the limit.
    bool tooLong() const { return end_ - begin_ > maxLineBytes_; }
    /// Bytes of a line that has not ended.
    std::size_t pending() const { return end_ - begin_; }
    void reset();

private:
    static constexpr std::size_t padding = 64;
    static constexpr std::size_t usualBytes = 128u << 10;

    std::size_t maxLineBytes_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;     ///< of what has not been handed out
    std::size_t searched_ = 0;  ///< no line end before this
    std::size_t end_ = 0;
};

}  // namespace klaw::kube
