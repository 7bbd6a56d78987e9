#include "base/net/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace klaw::net {

std::span<char> ReceiveBuffer::space() {
    auto held = end_ - begin_;
    if (held == wanted_ && wanted_ < largest) wanted_ *= 2;
    auto capacity = std::max(wanted_, held);
    if (capacity != capacity_) {
        resize(capacity);
    } else if (begin_ > 0) {
        std::memmove(storage_.get(), storage_.get() + begin_, held);
        begin_ = 0;
        end_ = held;
    }
    return {storage_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::received(std::size_t bytes) {
    auto room = capacity_ - end_;
    end_ += bytes;
    if (bytes == room && wanted_ < largest) wanted_ *= 2;
    if (bytes < room && bytes < smallest) wanted_ = std::max(smallest, wanted_ / 2);
}

void ReceiveBuffer::release() {
    if (!empty()) return;
    storage_.reset();
    capacity_ = begin_ = end_ = 0;
    wanted_ = smallest;
}

void ReceiveBuffer::resize(std::size_t capacity) {
    std::unique_ptr<char[]> larger(new char[capacity]);
    auto held = end_ - begin_;
    if (held > 0) std::memcpy(larger.get(), storage_.get() + begin_, held);
    storage_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
}

}  // namespace klaw::net
