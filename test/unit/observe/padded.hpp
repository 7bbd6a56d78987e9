#pragma once

#include <string>

#include "agent/kube/watch_handler.hpp"

namespace klaw::observe::test {

/// A text with the spare bytes behind it that a stream's buffer has; the spare bytes are not blank, as there.
class Padded {
public:
    explicit Padded(std::string text) : size_(text.size()), bytes_(std::move(text) + std::string(64, '}')) {}
    operator kube::PaddedText() { return {bytes_.data(), size_, bytes_.size()}; }

private:
    std::size_t size_;
    std::string bytes_;
};

}  // namespace klaw::observe::test
