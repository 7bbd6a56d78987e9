#include "agent/kube/line_framer.hpp"

#include <algorithm>
#include <cstring>

namespace klaw::kube {

std::span<char> LineFramer::space() {
    if (buffer_.empty()) buffer_.resize(usualBytes);
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        searched_ -= begin_;
        begin_ = 0;
    }
    // After one huge line the memory goes back.
    if (end_ == 0 && buffer_.size() > 16 * usualBytes) {
        buffer_ = std::vector<char>(usualBytes);
    }
    if (buffer_.size() - end_ < padding + usualBytes / 4)
        buffer_.resize(std::max(buffer_.size() * 2, end_ + usualBytes));
    return {buffer_.data() + end_, buffer_.size() - padding - end_};
}

std::optional<PaddedText> LineFramer::next() {
    while (searched_ < end_) {
        auto* found = static_cast<char*>(std::memchr(buffer_.data() + searched_, '\n', end_ - searched_));
        if (!found) {
            searched_ = end_;
            return std::nullopt;
        }
        auto at = static_cast<std::size_t>(found - buffer_.data());
        auto start = begin_, size = at - begin_;
        begin_ = searched_ = at + 1;
        if (size > 0 && buffer_[start + size - 1] == '\r') --size;
        if (size == 0) continue;
        return PaddedText{buffer_.data() + start, size, buffer_.size() - start};
    }
    return std::nullopt;
}

void LineFramer::reset() {
    begin_ = searched_ = end_ = 0;
}

}  // namespace klaw::kube
