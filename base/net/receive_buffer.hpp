#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace klaw::net {

/// What was received and not yet consumed. Small while little arrives (hundreds of idle watches must cost little),
/// growing while reads fill it, so that large bodies take few system calls.
class ReceiveBuffer {
public:
    static constexpr std::size_t smallest = 4096;
    static constexpr std::size_t largest = 64 * 1024;

    std::string_view data() const { return {storage_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    bool full() const { return end_ - begin_ == largest; }

    /// Free space for the next read; empty only when full().
    std::span<char> space();
    void received(std::size_t bytes);
    void consume(std::size_t bytes) { begin_ += bytes; }
    void release();  ///< gives the memory back when empty

private:
    void resize(std::size_t capacity);

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t wanted_ = smallest;
};

}  // namespace klaw::net
