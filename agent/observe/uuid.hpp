#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klaw::observe {

/// A uid as 16 bytes instead of 36 characters.
struct Uuid {
    std::uint64_t high = 0, low = 0;
    friend bool operator==(const Uuid&, const Uuid&) = default;

    struct Hash {
        std::size_t operator()(const Uuid& uuid) const noexcept { return uuid.high ^ uuid.low; }
    };
};

/// Only the form that format() gives back, lower case with hyphens; nullopt for any other text.
std::optional<Uuid> parseUuid(std::string_view text);
std::string format(const Uuid& uuid);

}  // namespace klaw::observe
