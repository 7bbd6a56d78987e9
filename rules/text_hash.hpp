#pragma once

#include <functional>
#include <string_view>

namespace klaw::rules {

/// Hashes std::string and std::string_view alike, so that look-ups do not allocate.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

}  // namespace klaw::rules
