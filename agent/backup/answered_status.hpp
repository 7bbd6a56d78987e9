#pragma once

#include <charconv>
#include <string_view>

#include "base/error.hpp"

namespace klaw::backup {

/// The HTTP status with which an API server refused; 0 where it did not answer. Its errors begin with the status, or
/// with "the API server answered" where it said no more.
inline int answeredStatus(const Error& error) {
    constexpr std::string_view bare = "the API server answered ";
    std::string_view text = error.message;
    if (text.starts_with(bare)) text.remove_prefix(bare.size());
    constexpr int lowest = 300, highest = 599;
    int status = 0;
    std::from_chars(text.data(), text.data() + text.size(), status);
    return status >= lowest && status <= highest ? status : 0;
}

}  // namespace klaw::backup
